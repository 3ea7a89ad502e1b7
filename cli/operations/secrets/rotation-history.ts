import { createHash } from 'node:crypto'
import type { Journal, JournalEntry } from '../../deployment/journal.js'

/** What rotations are called in the journal. */
export const ROTATION = 'secrets-rotate'

/** What the journal knows of the rotations of one secret. */
export interface RotationMemory {
  /** When its last rotation ended with the new value in use. */
  rotatedAt: string | null
  /** `markOf` the value that the last rotation was to bring. */
  wanted: string | null
}

const NOTHING: RotationMemory = { rotatedAt: null, wanted: null }

/** Tells values of one secret apart in the journal. Secrets are random and long: this gives nothing of them away. */
export function markOf(value: string): string {
  return createHash('sha256').update(`vetrai rotation\n${value}`).digest('hex').slice(0, 12)
}

/** The memory of every secret that was ever rotated, by name. */
export async function rotationHistory(journal: Journal): Promise<Map<string, RotationMemory>> {
  const memories = new Map<string, RotationMemory>()
  const note = (names: string[], news: Partial<RotationMemory>) => {
    for (const name of names) memories.set(name, { ...(memories.get(name) ?? NOTHING), ...news })
  }
  const runs = new Map<string, JournalEntry>()
  for (const entry of await journal.entries(Number.POSITIVE_INFINITY)) {
    if (entry.action !== ROTATION) continue
    const { id, phase, at, detail = {} } = entry
    if (phase === 'started') runs.set(id, entry)
    const begun = runs.get(id)?.detail ?? {}
    if (phase === 'step' && detail.step === 'begin')
      note([String(detail.secret)], { wanted: String(detail.mark) })
    if (phase === 'step' && detail.step === 'settled') note(listOf(detail.finished), { rotatedAt: at })
    if (phase === 'finished' && begun.resumed !== true) note(listOf(begun.secrets), { rotatedAt: at })
  }
  return memories
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
