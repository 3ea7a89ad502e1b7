import type pg from 'pg'
import { databaseFailure } from './database-failure.js'
import { cutClient } from './open-client.js'

export interface Workers {
  /** How many connections work at the same time. */
  workers: number
  /** What could not be done, for the error. */
  doing: string
  /** Each stops all when it aborts. */
  signals: readonly (AbortSignal | undefined)[]
  open: () => Promise<pg.Client>
  /** One worker's whole work; it takes no new piece once `stop` is aborted. */
  work: (client: pg.Client, stop: AbortSignal) => Promise<void>
  close: (client: pg.Client) => Promise<void>
}

/**
 * Runs workers on connections of their own. The first failure, or a signal, cuts all connections, so that none waits
 * for anything any more; the first reason is what is thrown, once all have ended.
 */
export async function runWorkers(options: Workers): Promise<void> {
  const signals = options.signals.filter((signal) => signal !== undefined)
  const failed = new AbortController()
  const stop = AbortSignal.any([failed.signal, ...signals])
  const clients: pg.Client[] = []
  const cut = () => clients.forEach(cutClient)
  stop.addEventListener('abort', cut, { once: true })
  const run = async () => {
    try {
      stop.throwIfAborted()
      const client = await options.open()
      clients.push(client)
      stop.throwIfAborted()
      await options.work(client, stop)
    } catch (error) {
      failed.abort(error)
    }
  }
  await Promise.all(Array.from({ length: options.workers }, run))
  stop.removeEventListener('abort', cut)
  await Promise.all(clients.map(options.close))
  if (stop.aborted) throw reasonOf(stop.reason, signals, options.doing)
}

/** A caller's own signal keeps its reason; all else is a failure of the database. */
function reasonOf(reason: unknown, signals: readonly AbortSignal[], doing: string): unknown {
  return signals.some((signal) => signal.aborted && signal.reason === reason)
    ? reason
    : databaseFailure(reason, doing)
}
