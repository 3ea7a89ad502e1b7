import { AsyncLocalStorage } from 'node:async_hooks'

/** Advisory lock that every transaction of a request shares, so that their end can be waited for. */
const LOCK = "hashtextextended('requests', 0)"

/** From when on transactions are refused: processes notice earlier, so that what they took on can end by itself. */
export const CLOSING_S = 1

/** Binds the tenant as ever, holds up who waits for the end of requests, and tells of a maintenance that has begun. */
export const GATED_BIND = {
  name: 'bind-tenant-gated',
  text: `select set_config('vetrai.tenant_id', $1, true), pg_advisory_xact_lock_shared(${LOCK}),
    (select value from installation_state where key = 'maintenance'
      and (value->>'since')::timestamptz + interval '${CLOSING_S} s' <= clock_timestamp()) as maintenance`,
}

/** Whether no request has a transaction open at this moment, in any process. */
export const ARE_REQUESTS_OVER = `select pg_try_advisory_xact_lock(${LOCK}) as over`

interface Request {
  /** What it started may go on below it, and is no request any more. */
  isOver: boolean
}

const requests = new AsyncLocalStorage<Request | undefined>()

/**
 * Runs a request whose transactions the database itself refuses once a maintenance has begun: a process that stood
 * still meanwhile, and knows nothing of it, writes nothing.
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
