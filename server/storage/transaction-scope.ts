import { AsyncLocalStorage } from 'node:async_hooks'
import type pg from 'pg'

export type DatabaseRole = 'app' | 'system'

/** What a transaction may see: `app` is bound to one tenant (null: global tables only), `system` to none. */
export interface TransactionScope {
  role: DatabaseRole
  tenantId: string | null
}

/** A transaction while its work runs. */
export interface OpenTransaction {
  readonly scope: TransactionScope
  readonly client: pg.PoolClient
  readonly afterCommit: (() => unknown)[]
  /** Its work is over: what still runs below it must not reach a connection that serves somebody else by now. */
  ended: boolean
  /** What Sequelize's models take for their transaction; made when a model first asks. */
  modelTransaction?: object
}

const storage = new AsyncLocalStorage<OpenTransaction | undefined>()

/** The transaction open here: found by whatever runs below its callback, without being handed on. */
export function openTransaction(): OpenTransaction | undefined {
  const open = storage.getStore()
  return open?.ended ? undefined : open
}

/** Runs `work` with this transaction open, or with none. */
export function runWith<T>(open: OpenTransaction | undefined, work: () => T): T {
  return storage.run(open, work)
}

/** Binds a function to the transaction that is open now. */
export function bindToScope<F extends (...args: never[]) => unknown>(work: F): F {
  return AsyncLocalStorage.bind(work) as F
}
