import { AsyncLocalStorage } from 'node:async_hooks'
import { Sequelize } from 'sequelize'

type Store = Map<string, unknown>

const storage = new AsyncLocalStorage<Store>()

/**
 * The namespace Sequelize asks for (`run`, `bind`, `get`, `set`), over AsyncLocalStorage: a query issued
 * anywhere below a transaction's callback joins that transaction without being handed it.
 */
const namespace = {
  run<T>(work: (context: Store) => T): T {
    const store: Store = new Map(storage.getStore() ?? [])
    return storage.run(store, () => work(store))
  },
  bind<F extends (...args: never[]) => unknown>(work: F): F {
    return AsyncLocalStorage.bind(work) as F
  },
  get(key: string): unknown {
    return storage.getStore()?.get(key)
  },
  set(key: string, value: unknown): void {
    storage.getStore()?.set(key, value)
  },
}

/** Joins Sequelize to the namespace. Safe to repeat; it is a property of the class, not of a connection. */
export function joinTransactions(): void {
  ;(Sequelize as unknown as { useCLS(ns: unknown): void }).useCLS(namespace)
}

/** Reads a value bound to the running transaction scope. */
export function scopeGet(key: string): unknown {
  return namespace.get(key)
}

/** Runs `work` in a child scope holding these values, so that they end with it. */
export function scopeRun<T>(values: Record<string, unknown>, work: () => T): T {
  return namespace.run((store) => {
    for (const [key, value] of Object.entries(values)) store.set(key, value)
    return work()
  })
}
