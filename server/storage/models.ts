import type { Sequelize } from 'sequelize'
import { bindToScope, openTransaction, runWith } from './transaction-scope.js'

/**
 * Loads Sequelize for services that bind model classes. Its queries run on the connection of the open
 * transaction, which `Database` owns; a model used outside of one throws. It opens no connection itself.
 */
export async function openModels(): Promise<Sequelize> {
  const { Sequelize: Class, Transaction } = await import('sequelize')
  const sequelize = new Class({
    dialect: 'postgres',
    logging: false,
    define: { underscored: true, timestamps: true },
  })
  const makeTransaction = (connection: unknown) =>
    Object.assign(new (Transaction as unknown as TransactionClass)(sequelize, {}), { connection })
  useNamespace(Class, namespaceOf(makeTransaction))
  refuseStrayQueries(sequelize)
  return sequelize
}

type TransactionClass = new (sequelize: Sequelize, options: object) => object

/** `Sequelize.useCLS`, whose types ask for one certain library. */
function useNamespace(Class: unknown, namespace: unknown): void {
  ;(Class as { useCLS(namespace: unknown): void }).useCLS(namespace)
}

/**
 * The namespace Sequelize asks for its transaction (`run`, `bind`, `get`, `set`), answered with the one that is
 * open here. Setting has no effect: models never begin or end a transaction themselves.
 */
function namespaceOf(makeTransaction: (connection: unknown) => object) {
  const modelTransaction = (): object | undefined => {
    const open = openTransaction()
    if (!open) return undefined
    open.modelTransaction ??= makeTransaction(open.client)
    return open.modelTransaction
  }
  return {
    run: <T>(work: (context: object) => T): T => runWith(openTransaction(), () => work({})),
    bind: bindToScope,
    get: (key: string) => (key === 'transaction' ? modelTransaction() : undefined),
    set: () => undefined,
  }
}

/** Makes a model query without an open transaction an error instead of an unbound statement. */
function refuseStrayQueries(sequelize: Sequelize): void {
  const query = sequelize.query.bind(sequelize) as (sql: never, options?: unknown) => unknown
  const guarded = (sql: never, options?: unknown) => {
    if (!openTransaction()) {
      throw new Error('a model was used outside a transaction; open one with ctx.transaction(…)')
    }
    return query(sql, options)
  }
  Object.assign(sequelize, { query: guarded })
}
