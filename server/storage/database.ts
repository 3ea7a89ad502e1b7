import pg from 'pg'
import type { Sequelize } from 'sequelize'
import { ADMIT, isBehindGate, pastGate } from './maintenance-gate.js'
import { openModels } from './models.js'
import {
  type DatabaseRole,
  type OpenTransaction,
  openTransaction,
  runWith,
  type TransactionScope,
} from './transaction-scope.js'

export type { DatabaseRole, TransactionScope } from './transaction-scope.js'

export interface DatabaseOptions {
  /** PostgreSQL URL without credentials. */
  url: string
  appPassword: string
  systemPassword: string
  poolMax: number
  statementTimeoutMs: number
  /** Told of work after commit that failed; it cannot undo the commit. */
  onAfterCommitError?: (error: unknown) => void
}

/** One SQL statement with its values; `name` keeps it prepared on each connection. */
export interface Statement {
  name?: string
  text: string
  values?: readonly unknown[]
}

/** How the connections of one pool are used at the moment. */
export interface PoolUse {
  role: DatabaseRole
  pool: 'transactions' | 'nested' | 'reads'
  total: number
  idle: number
  waiting: number
}

type Row = Record<string, unknown>

const BIND = { name: 'bind-tenant', text: "select set_config('vetrai.tenant_id', $1, true)" }
const GATED_BIND = {
  name: 'bind-tenant-gated',
  text: `select set_config('vetrai.tenant_id', $1, true), ${ADMIT}`,
}

// timestamptz stays a Date (pg's default); bigint counters fit a double here and are numbers everywhere.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)
// A day is no point in time: left as text, so that no time zone moves it.
pg.types.setTypeParser(pg.types.builtins.DATE, String)

/**
 * PostgreSQL as the services see it. Models and raw statements join the open transaction by themselves; a
 * statement outside of one is an error, so that nothing runs without its tenant bound. The `read` methods
 * are single autocommitted statements for hot paths.
 */
export class Database {
  readonly #transactions: Record<DatabaseRole, pg.Pool>
  readonly #nested: Record<DatabaseRole, pg.Pool>
  readonly #reads: Record<DatabaseRole, pg.Pool>
  readonly #options: DatabaseOptions
  #models: Promise<Sequelize> | undefined

  constructor(options: DatabaseOptions) {
    this.#options = options
    const systemMax = Math.max(2, Math.ceil(options.poolMax / 2))
    const openBoth = (purpose: string, share: number) => ({
      app: openPool(options, 'vetrai_app', purpose, options.appPassword, share * options.poolMax),
      system: openPool(options, 'vetrai_system', purpose, options.systemPassword, share * systemMax),
    })
    // Apart from each other: what runs inside a transaction must not wait for a connection that such a one holds.
    this.#transactions = openBoth('transactions', 1)
    this.#nested = openBoth('nested', 0.5)
    this.#reads = openBoth('reads', 1)
  }

  /** What model classes are bound to; loaded when first asked for, since it is large and most need none. */
  models(): Promise<Sequelize> {
    this.#models ??= openModels()
    return this.#models
  }

  /**
   * Runs `work` in one transaction of this scope; commits when it resolves, rolls back when it throws. Inside
   * an open transaction that may see the same rows it joins; another scope opens a second, independent one.
   */
  async transaction<T>(scope: TransactionScope, work: () => Promise<T>): Promise<T> {
    const current = openTransaction()
    if (current && seesTheSame(current.scope, scope)) return work()

    const client = await (current ? this.#nested : this.#transactions)[scope.role].connect()
    const open: OpenTransaction = { scope, client, afterCommit: [], ended: false }
    // What runs inside another transaction belongs to what was let in already.
    const result = await this.#run(open, work, !current && isBehindGate())
    for (const effect of open.afterCommit) await this.#runEffect(effect)
    return result
  }

  /** Runs `work` in whatever transaction is open, else in a new one of this scope. */
  join<T>(scope: TransactionScope, work: () => Promise<T>): Promise<T> {
    return this.inTransaction ? work() : this.transaction(scope, work)
  }

  async #run<T>(open: OpenTransaction, work: () => Promise<T>, isGated: boolean): Promise<T> {
    const { client, scope } = open
    let broken: Error | undefined
    try {
      await client.query('begin')
      await client.query({ ...(isGated ? GATED_BIND : BIND), values: [scope.tenantId ?? ''] })
      const result = await runWith(open, work)
      open.ended = true
      const { command } = await client.query('commit')
      // A statement failed and its error was swallowed: PostgreSQL took all of it back, and says so only here.
      if (command !== 'COMMIT') throw new Error('the transaction had failed and was taken back')
      return result
    } catch (error) {
      open.ended = true
      await client.query('rollback').catch((reason: Error) => {
        broken = reason
      })
      throw error
    } finally {
      client.release(broken)
    }
  }

  /** Whether a transaction is open here. */
  get inTransaction(): boolean {
    return openTransaction() !== undefined
  }

  /** The scope of the open transaction, if one is. */
  get scope(): TransactionScope | undefined {
    return openTransaction()?.scope
  }

  /** A raw statement in the open transaction. Throws where none is open. */
  async query<R extends Row = Row>(statement: Statement): Promise<R[]> {
    return (await this.#client().query(mutable(statement))).rows as R[]
  }

  /** Like `query`, but answers the number of rows touched. */
  async execute(statement: Statement): Promise<number> {
    return (await this.#client().query(mutable(statement))).rowCount ?? 0
  }

  /** One autocommitted statement on tables that belong to no tenant. */
  async readGlobal<R extends Row = Row>(statement: Statement): Promise<R[]> {
    return (await this.#reads.app.query(mutable(statement))).rows as R[]
  }

  /** One autocommitted statement across tenants, e.g. to find whose credential this is. */
  async readSystem<R extends Row = Row>(statement: Statement): Promise<R[]> {
    return (await this.#reads.system.query(mutable(statement))).rows as R[]
  }

  /**
   * Reads rows of one tenant in a single statement that binds the tenant and reads under its row security:
   * the lateral sub-select depends on the row the materialised CTE emits, so set_config has run before the
   * policy is evaluated. `select` may use `ctx.t` (the tenant id as text) and $2 onwards; $1 is the tenant.
   */
  async readTenant<R extends Row = Row>(tenantId: string, statement: Statement): Promise<R[]> {
    const { rows } = await this.#reads.app.query({
      ...(statement.name ? { name: statement.name } : {}),
      text: tenantSelect(statement.text),
      values: [tenantId, ...(statement.values ?? [])],
    })
    return rows as R[]
  }

  /**
   * Writes rows of one tenant in a single autocommitted statement, which binds the tenant before row security looks
   * at what is written. The text goes on after `with ctx as (…)`: `insert … select … from ctx …`; $1 is the tenant. `isGated`
   * says that it is written for a request, where that is not the one that runs this.
   */
  async writeTenant<R extends Row = Row>(
    tenantId: string,
    statement: Statement,
    isGated = isBehindGate(),
  ): Promise<R[]> {
    // Without the reference nothing would be bound when the first row is checked.
    if (!/\bctx\.t\b/.test(statement.text))
      throw new TypeError('a tenant write must take the tenant from ctx.t')
    const { rows } = await this.#reads.app.query({
      ...(statement.name ? { name: isGated ? `${statement.name}-gated` : statement.name } : {}),
      text: `with ctx as materialized (select set_config('vetrai.tenant_id', $1, true) as t${isGated ? `, ${ADMIT} as gate` : ''}) ${statement.text}`,
      values: [tenantId, ...(statement.values ?? [])],
    })
    return rows as R[]
  }

  /** Runs after the open transaction committed, in order; at once where none is open. */
  afterCommit(effect: () => unknown): void {
    const open = openTransaction()
    if (open) open.afterCommit.push(effect)
    else void this.#runEffect(effect)
  }

  /** Round trip to the server; rejects when it is away. Answers its version text. */
  async ping(): Promise<string> {
    const rows = await this.readGlobal<{ server_version: string }>({ text: 'show server_version' })
    return rows[0]?.server_version ?? ''
  }

  /** Connections by state, for metrics. */
  poolUse(): PoolUse[] {
    return (['app', 'system'] as const).flatMap((role) => [
      useOf(role, 'transactions', this.#transactions[role]),
      useOf(role, 'nested', this.#nested[role]),
      useOf(role, 'reads', this.#reads[role]),
    ])
  }

  async close(): Promise<void> {
    const pools = [this.#transactions, this.#nested, this.#reads].flatMap(({ app, system }) => [app, system])
    await Promise.allSettled(pools.map((pool) => pool.end()))
  }

  #client(): pg.PoolClient {
    const open = openTransaction()
    if (!open) throw new Error('a statement was issued outside a transaction; open one, or use read…()')
    return open.client
  }

  async #runEffect(effect: () => unknown): Promise<void> {
    try {
      // Outside the transaction's scope: it is over.
      await pastGate(() => runWith(undefined, effect))
    } catch (error) {
      this.#options.onAfterCommitError?.(error)
    }
  }
}

function seesTheSame(a: TransactionScope, b: TransactionScope): boolean {
  return a.role === b.role && (a.role === 'system' || a.tenantId === b.tenantId)
}

const tenantSelects = new Map<string, string>()

function tenantSelect(select: string): string {
  let text = tenantSelects.get(select)
  if (!text) {
    // Without the reference PostgreSQL may read before the tenant is bound, and find nothing.
    if (!/\bctx\.t\b/.test(select)) throw new TypeError('a tenant read must compare with ctx.t')
    text = `with ctx as materialized (select set_config('vetrai.tenant_id', $1, true) as t)
      select r.* from ctx cross join lateral (${select} offset 0) r`
    tenantSelects.set(select, text)
  }
  return text
}

function openPool(
  options: DatabaseOptions,
  user: string,
  purpose: string,
  password: string,
  max: number,
): pg.Pool {
  const { host, port, database } = connectionParts(options.url)
  const pool = new pg.Pool({
    host,
    port,
    database,
    user,
    password,
    max: Math.max(1, Math.ceil(max)),
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 5_000,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: Math.min(5_000, options.statementTimeoutMs),
    idle_in_transaction_session_timeout: 30_000,
    application_name: `${user}_${purpose}`,
    // Single statements are the same few for ever: planning each anew costs more than running most of them.
    ...(purpose === 'reads' ? { options: '-c plan_cache_mode=force_generic_plan' } : {}),
    keepAlive: true,
  })
  // Whoever uses a broken connection gets the error; without a listener it would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** Host (or socket folder), port and database of a PostgreSQL URL. */
export function connectionParts(url: string): { host: string; port: number; database: string } {
  const parsed = new URL(url)
  return {
    host: parsed.searchParams.get('host') ?? bareHost(parsed.hostname),
    port: Number(parsed.searchParams.get('port') ?? (parsed.port || 5432)),
    database: decodeURIComponent(parsed.pathname.slice(1)) || 'vetrai',
  }
}

/** A host as sockets want it: IPv6 without brackets, loopback where none is named. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '') || '127.0.0.1'
}

function useOf(role: DatabaseRole, name: PoolUse['pool'], pool: pg.Pool): PoolUse {
  return { role, pool: name, total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }
}

function mutable(statement: Statement): pg.QueryConfig {
  const { name, text, values } = statement
  return { text, values: values ? [...values] : [], ...(name ? { name } : {}) }
}
