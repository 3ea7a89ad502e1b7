import { randomUUID } from 'node:crypto'
import { appendFile, chown, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory } from './atomic-write.js'
import { CliError, isSystemError } from './errors.js'

/** One line of the journal. A `started` without a later line of the same id was interrupted. */
export interface JournalEntry {
  at: string
  id: string
  action: string
  phase: 'started' | 'step' | 'finished' | 'failed'
  duration_ms?: number
  detail?: Record<string, unknown>
}

/** The lifecycle actions of a deployment, as JSON lines, one file a month; never holds a secret. */
export class Journal {
  constructor(readonly folder: string) {}

  /** Runs an action between a `started` and a `finished` or `failed` line. */
  async record<T>(
    action: string,
    work: (step: (detail: Record<string, unknown>) => Promise<void>) => Promise<T>,
    detail?: Record<string, unknown>,
  ): Promise<T> {
    const id = randomUUID()
    const began = performance.now()
    const elapsed = () => Math.round(performance.now() - began)
    await this.append({ id, action, phase: 'started', ...(detail && { detail }) })
    try {
      const result = await work((step) => this.append({ id, action, phase: 'step', detail: step }))
      await this.append({ id, action, phase: 'finished', duration_ms: elapsed() })
      return result
    } catch (error) {
      const reason = error instanceof CliError ? error.code : 'unexpected'
      await this.append({ id, action, phase: 'failed', duration_ms: elapsed(), detail: { reason } })
      throw error
    }
  }

  /** Writes down something that is done. */
  async note(action: string, detail: Record<string, unknown>): Promise<void> {
    await this.append({ id: randomUUID(), action, phase: 'finished', detail })
  }

  /** The newest entries, oldest first. */
  async entries(limit = 100): Promise<JournalEntry[]> {
    const files = (await this.files()).reverse()
    const lines: string[] = []
    for (const file of files) {
      if (lines.length >= limit) break
      const text = await readFile(join(this.folder, file), 'utf8')
      lines.unshift(...text.split('\n').filter(Boolean))
    }
    return lines.slice(-limit).flatMap(parseEntry)
  }

  private async files(): Promise<string[]> {
    try {
      return (await readdir(this.folder)).filter((name) => /^\d{4}-\d{2}\.jsonl$/.test(name)).sort()
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return []
      throw error
    }
  }

  private async append(entry: Omit<JournalEntry, 'at'>): Promise<void> {
    const at = new Date().toISOString()
    const file = join(this.folder, `${at.slice(0, 7)}.jsonl`)
    const line = `${JSON.stringify({ at, ...entry })}\n`
    try {
      await appendFile(file, line, { mode: 0o600 })
      await giveToOwner(file, this.folder)
    } catch (error) {
      // A journal that cannot be written, or was just uninstalled, must not stop the action itself.
      if (!isSystemError(error, 'ENOENT')) throw error
      if (entry.phase !== 'started') return
      await ensureDirectory(this.folder)
      await appendFile(file, line, { mode: 0o600 })
    }
  }
}

/** A month that root begins in somebody's deployment must stay theirs to write. */
async function giveToOwner(file: string, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(folder)
  if (uid !== 0) await chown(file, uid, gid)
}

/** A line cut short by a crash is left out. */
function parseEntry(line: string): JournalEntry[] {
  try {
    return [JSON.parse(line) as JournalEntry]
  } catch {
    return []
  }
}
