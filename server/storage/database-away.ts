import { setTimeout as sleep } from 'node:timers/promises'

/** PostgreSQL error codes that mean "not now" rather than "never" (Appendix A of its manual). */
const TRANSIENT = new Set([
  '40001',
  '40P01',
  '55P03',
  '57014',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '08006',
  '08001',
  '08003',
  '25P03',
])
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

/** The code of PostgreSQL, or of the system, that an error carries; undefined for others. */
export function databaseCode(thrown: unknown): string | undefined {
  // Sequelize's errors keep the driver's as `parent`.
  const { code, parent } = (thrown ?? {}) as { code?: string; parent?: { code?: string } }
  return parent?.code ?? code
}

/** Whether the database could not be asked now, and may be later. */
export function isDatabaseAway(thrown: unknown): boolean {
  const code = databaseCode(thrown)
  if (code !== undefined && (TRANSIENT.has(code) || NETWORK.has(code))) return true
  if (!(thrown instanceof Error)) return false
  // A Unix socket that is not there; any other missing file is our own mistake.
  if (code === 'ENOENT') return (thrown as NodeJS.ErrnoException).syscall === 'connect'
  return (
    thrown.name.startsWith('SequelizeConnection') ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
      thrown.message,
    )
  )
}

/** Between two looks for a database that is not there yet, in milliseconds. */
const PAUSE_MS = 250

/**
 * Does work that a process cannot start without, again and again while the database does not answer or is recovering, for
 * `waitMs` at most. Any other failure is thrown at once.
 */
export async function onceDatabaseAnswers<T>(
  work: () => Promise<T>,
  { waitMs, onWait }: { waitMs: number; onWait: (error: unknown) => void },
): Promise<T> {
  for (let tries = 1, deadline = performance.now() + waitMs; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseAway(error) || performance.now() >= deadline) throw error
      if (tries === 1) onWait(error)
      await sleep(PAUSE_MS)
    }
  }
}
