import type { AuditEntry, ChainVerdict } from '../clients/resources.js'
import { count, time } from './format.js'
import { pageView } from './page-view.js'
import type { View } from './view.js'

/** Audit entries as a table. */
export const auditView = pageView<AuditEntry>(
  [
    { heading: 'TIME', cell: (entry) => time(text(entry.at) ?? text(entry.created_at)) },
    { heading: 'ACTION', cell: ({ action }) => action },
    { heading: 'BY', cell: (entry) => who(entry) },
    { heading: 'TARGET', cell: (entry) => target(entry) },
    { heading: 'REQUEST', cell: (entry) => text(entry.request_id) ?? '–' },
  ],
  'Nothing was recorded.',
)

/** Whether the chain of audit entries is whole. */
export const chainView: View<ChainVerdict> = ({ ok, checked, broken_at }, paint) =>
  ok
    ? `${paint.green('✓')} The audit log is whole: ${count(checked, 'entry', 'entries')} checked.`
    : `${paint.red('✗')} The audit log is broken at ${broken_at ?? 'an unknown entry'}, after ${count(checked, 'entry', 'entries')}.`

function who(entry: AuditEntry): string {
  const { actor } = entry
  if (typeof actor === 'object' && actor !== null) {
    const { email, name, id, type } = actor as Record<string, unknown>
    return text(email) ?? text(name) ?? [text(type), text(id)].filter(Boolean).join(' ') ?? '–'
  }
  return [text(entry.actor_type), text(entry.actor_id)].filter(Boolean).join(' ') || (text(actor) ?? '–')
}

function target(entry: AuditEntry): string {
  const value = entry.target
  if (typeof value === 'object' && value !== null) {
    const { type, id } = value as Record<string, unknown>
    return [text(type), text(id)].filter(Boolean).join(' ') || '–'
  }
  return [text(entry.target_type), text(entry.target_id)].filter(Boolean).join(' ') || (text(value) ?? '–')
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
