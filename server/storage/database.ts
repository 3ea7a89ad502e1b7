import pg from 'pg'
import { type Options, Sequelize, type Transaction as SequelizeTransaction } from 'sequelize'
import { joinTransactions, scopeGet, scopeRun } from './transaction-scope.js'

export type DatabaseRole = 'app' | 'system'

/** What a transaction may see: `app` is bound to one tenant (null: global tables only), `system` to none. */
export interface TransactionScope {
  role: DatabaseRole
  tenantId: string | null
}

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

interface OpenTransaction {
  scope: TransactionScope
  client: pg.Client
  afterCommit: (() => unknown)[]
  /** Its work is over: what still runs below it must not reach a connection that serves somebody else by now. */
  ended: boolean
}

type Row = Record<string, unknown>

const KEY = 'vetrai.transaction'

// timestamptz stays a Date (pg's default); bigint counters fit a double here and are numbers everywhere.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/**
 * PostgreSQL as the services see it. Models and raw statements join the open transaction by themselves; a
 * statement outside of one is an error, so that nothing runs without its tenant bound. The `read` methods
 * are single autocommitted statements for hot paths.
 */
export class Database {
  /** The connection models are bound to. */
  readonly sequelize: Sequelize
  readonly #system: Sequelize
  readonly #reads: Record<DatabaseRole, pg.Pool>
  readonly #options: DatabaseOptions

  constructor(options: DatabaseOptions) {
    joinTransactions()
    this.#options = options
    const systemMax = Math.max(2, Math.ceil(options.poolMax / 2))
    this.sequelize = openSequelize(options, 'vetrai_app', options.appPassword, options.poolMax)
    this.#system = openSequelize(options, 'vetrai_system', options.systemPassword, systemMax)
    this.#reads = {
      app: openPool(options, 'vetrai_app', options.appPassword, options.poolMax),
      system: openPool(options, 'vetrai_system', options.systemPassword, systemMax),
    }
    refuseStrayQueries(this.sequelize)
  }

  /**
   * Runs `work` in one transaction of this scope; commits when it resolves, rolls back when it throws. Inside
   * an open transaction that may see the same rows it joins; another scope opens a second, independent one.
   */
  async transaction<T>(scope: TransactionScope, work: () => Promise<T>): Promise<T> {
    const current = this.#current()
    if (current && seesTheSame(current.scope, scope)) return work()

    const sequelize = scope.role === 'app' ? this.sequelize : this.#system
    const afterCommit: (() => unknown)[] = []
    // A fresh scope without a transaction: Sequelize would otherwise open a savepoint-less child of the outer one.
    const result = await scopeRun({ transaction: undefined, [KEY]: undefined }, () =>
      sequelize.transaction(async (transaction) => {
        const client = clientOf(transaction)
        await client.query({
          name: 'bind-tenant',
          text: "select set_config('vetrai.tenant_id', $1, true)",
          values: [scope.tenantId ?? ''],
        })
        const open: OpenTransaction = { scope, client, afterCommit, ended: false }
        try {
          return await scopeRun({ transaction, [KEY]: open }, work)
        } finally {
          open.ended = true
        }
      }),
    )
    for (const effect of afterCommit) await this.#runEffect(effect)
    return result
  }

  /** Whether a transaction is open here. */
  get inTransaction(): boolean {
    return this.#current() !== undefined
  }

  /** The scope of the open transaction, if one is. */
  get scope(): TransactionScope | undefined {
    return this.#current()?.scope
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

  /** Runs after the open transaction committed, in order; at once where none is open. */
  afterCommit(effect: () => unknown): void {
    const current = this.#current()
    if (current) current.afterCommit.push(effect)
    else void this.#runEffect(effect)
  }

  /** Round trip to the server; rejects when it is away. Answers its version text. */
  async ping(): Promise<string> {
    const rows = await this.readGlobal<{ server_version: string }>({ text: 'show server_version' })
    return rows[0]?.server_version ?? ''
  }

  /** Connections by state, for metrics. */
  poolUse(): { role: DatabaseRole; total: number; idle: number; waiting: number }[] {
    return (['app', 'system'] as const).map((role) => {
      const pool = this.#reads[role]
      return { role, total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }
    })
  }

  async close(): Promise<void> {
    await Promise.allSettled([
      this.sequelize.close(),
      this.#system.close(),
      this.#reads.app.end(),
      this.#reads.system.end(),
    ])
  }

  #current(): OpenTransaction | undefined {
    const open = scopeGet(KEY) as OpenTransaction | undefined
    return open?.ended ? undefined : open
  }

  #client(): pg.Client {
    const open = this.#current()
    if (!open) throw new Error('a statement was issued outside a transaction; open one, or use read…()')
    return open.client
  }

  async #runEffect(effect: () => unknown): Promise<void> {
    try {
      // Outside the transaction's scope: it is over.
      await scopeRun({ transaction: undefined, [KEY]: undefined }, effect)
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

function openSequelize(options: DatabaseOptions, user: string, password: string, max: number): Sequelize {
  const settings: Options & { databaseVersion: string } = {
    dialect: 'postgres',
    ...connectionParts(options.url),
    username: user,
    password,
    logging: false,
    pool: { max, min: 0, idle: 30_000, acquire: 5_000, evict: 10_000 },
    // Given, so that no query asks for it on the first connection.
    databaseVersion: '14.0.0',
    dialectOptions: {
      statement_timeout: options.statementTimeoutMs,
      lock_timeout: Math.min(5_000, options.statementTimeoutMs),
      idle_in_transaction_session_timeout: 30_000,
      application_name: user,
      keepAlive: true,
    },
    define: { underscored: true, timestamps: true },
  }
  return new Sequelize(settings)
}

function openPool(options: DatabaseOptions, user: string, password: string, max: number): pg.Pool {
  const { host, port, database } = connectionParts(options.url)
  const pool = new pg.Pool({
    host,
    port,
    database,
    user,
    password,
    max,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 5_000,
    statement_timeout: options.statementTimeoutMs,
    application_name: `${user}_reads`,
    keepAlive: true,
  })
  // A broken idle connection is dropped by the pool; without a listener it would end the process.
  pool.on('error', () => undefined)
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

function clientOf(transaction: SequelizeTransaction): pg.Client {
  return (transaction as unknown as { connection: pg.Client }).connection
}

/** Makes a model query without an open transaction an error instead of an unbound statement. */
function refuseStrayQueries(sequelize: Sequelize): void {
  const query = sequelize.query.bind(sequelize)
  const guarded = (sql: never, options?: { transaction?: unknown }) => {
    if (!options?.transaction && !scopeGet('transaction')) {
      throw new Error('a model was used outside a transaction; open one with ctx.transaction(…)')
    }
    return (query as (sql: never, options?: unknown) => unknown)(sql, options)
  }
  Object.assign(sequelize, { query: guarded })
}

function mutable(statement: Statement): pg.QueryConfig {
  const { name, text, values } = statement
  // Sequelize's connections parse types in their own way; every raw statement reads alike.
  return { text, values: values ? [...values] : [], types: pg.types, ...(name ? { name } : {}) }
}
