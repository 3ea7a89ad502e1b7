import type { AuditEntry, ChainVerdict } from '../clients/resources.js'
import { count, time } from './format.js'
import { pageView } from './page-view.js'
import type { View } from './view.js'

/** Audit entries as a table. */
export const auditView = pageView<AuditEntry>(
  [
    { heading: 'TIME', cell: ({ created_at }) => time(created_at) },
    { heading: 'ACTION', cell: ({ action }) => action },
    { heading: 'OUTCOME', cell: ({ outcome }) => outcome },
    { heading: 'BY', cell: ({ actor }) => [actor.kind, actor.id].filter(Boolean).join(' ') },
    { heading: 'TARGET', cell: ({ target }) => target ?? '–' },
    { heading: 'REQUEST', cell: ({ request_id }) => request_id },
  ],
  'Nothing was recorded.',
)

/** Whether the chain of audit entries is whole. */
export const chainView: View<ChainVerdict> = ({ ok, checked, broken_at }, paint) =>
  ok
    ? `${paint.green('✓')} The audit log is whole: ${count(checked, 'entry', 'entries')} checked.`
    : `${paint.red('✗')} The audit log is broken at entry ${broken_at ?? '?'}, after ${count(checked, 'entry', 'entries')}.`
