import { AsyncLocalStorage } from 'node:async_hooks'

/** Refuses, in the transaction of a request, where a maintenance has begun; see its migration. */
export const ADMIT = 'installation_admit()'

/** Seconds after which `installation_admit` refuses. */
export const CLOSING_S = 1

/** Whether no request has a transaction open at this moment, in any process. */
export const ARE_REQUESTS_OVER = "select pg_try_advisory_xact_lock(hashtextextended('requests', 0)) as over"

interface Request {
  /** What it started may go on below it, and is no request any more. */
  isOver: boolean
}

const requests = new AsyncLocalStorage<Request | undefined>()

/**
 * Runs a request whose writing the database itself refuses once a maintenance has begun: a process that stood still
 * meanwhile, and knows nothing of it, writes nothing.
 */
export async function behindGate<T>(work: () => Promise<T>): Promise<T> {
  const request: Request = { isOver: false }
  try {
    return await requests.run(request, work)
  } finally {
    request.isOver = true
  }
}

/** Runs work that was promised by something already committed. */
export function pastGate<T>(work: () => T): T {
  return requests.run(undefined, work)
}

/** Whether this is the work of a request that a maintenance refuses. */
export function isBehindGate(): boolean {
  return requests.getStore()?.isOver === false
}

/** What a maintenance tells callers, where it is why the database refused. */
export function refusedBy(thrown: unknown): { message: string; retryAfterS: number } | undefined {
  const { code, detail } = (thrown ?? {}) as { code?: unknown; detail?: unknown }
  if (code !== 'VT503' || typeof detail !== 'string') return undefined
  const { message, retry_after_s } = JSON.parse(detail) as { message: string; retry_after_s: number }
  return { message, retryAfterS: retry_after_s }
}
