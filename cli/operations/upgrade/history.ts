import type { Deployment } from '../../deployment/deployment.js'
import type { JournalEntry } from '../../deployment/journal.js'
import { UPGRADE } from './upgrade-context.js'

/** One run of an upgrade, as the journal has it. */
export interface UpgradeRun {
  at: string
  from: string | null
  to: string | null
  /** `interrupted` where the journal says nothing of its end; a later run that was `resumed` settled it. */
  outcome: 'done' | 'rolled-back' | 'refused' | 'interrupted'
  /** Whether it settled one that was cut short before. */
  resumed: boolean
  /** Whether it was an upgrade that was taken back on demand. */
  asked: boolean
  /** The last step that began. */
  step: string | null
  /** Code of what failed; null where nothing did. */
  reason: string | null
  duration_s: number | null
  /** Volume with the data as it was before a move to another PostgreSQL major; null where there was none, or it is in use again. */
  kept_volume: string | null
}

const MOST_LINES = 20_000

/** Every upgrade that the journal knows, oldest first. */
export async function upgradeHistory(deployment: Deployment): Promise<UpgradeRun[]> {
  const entries = (await deployment.journal.entries(MOST_LINES)).filter(({ action }) => action === UPGRADE)
  const runs = new Map<string, JournalEntry[]>()
  for (const entry of entries) runs.set(entry.id, [...(runs.get(entry.id) ?? []), entry])
  return [...runs.values()].map(runOf)
}

function runOf(entries: JournalEntry[]): UpgradeRun {
  const details = entries.map(({ detail }) => detail ?? {})
  const find = (name: string) => details.map((detail) => detail[name]).find((value) => value !== undefined)
  const text = (name: string) => (typeof find(name) === 'string' ? String(find(name)) : null)
  const steps = details.flatMap(({ step }) => (typeof step === 'string' ? [step] : []))
  const end = entries.find(({ phase }) => phase === 'finished' || phase === 'failed')
  const wentBack = steps.includes('go-back')
  const outcome = outcomeOf(end, wentBack)
  return {
    at: entries[0]?.at ?? '',
    from: text('from'),
    to: text('to'),
    outcome,
    resumed: find('resumed') === true,
    asked: find('asked') === true,
    step: text('failed') ?? steps.at(-1) ?? null,
    reason: text('reason'),
    duration_s: end?.duration_ms === undefined ? null : Math.round(end.duration_ms / 100) / 10,
    kept_volume: outcome === 'done' ? text('kept_volume') : null,
  }
}

function outcomeOf(end: JournalEntry | undefined, wentBack: boolean): UpgradeRun['outcome'] {
  if (!end) return 'interrupted'
  if (wentBack) return 'rolled-back'
  return end.phase === 'finished' ? 'done' : 'refused'
}
