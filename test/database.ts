import pg from 'pg'
import { globalTable, tenantTable } from '../migrations/helpers/tables.js'
import { connectionParts, Database, type DatabaseOptions } from '../server/storage/database.js'
import { connectOwner } from '../server/storage/migrations.js'
import { asAdmin, freshDatabase, ROLE_PASSWORDS, stores } from './stores.js'

/** A fresh migrated database of a test file, without a server on it. */
export class TestDatabase {
  name!: string
  url!: string
  /** One connection pool set, as a server process holds it. */
  db!: Database
  readonly #opened: Database[] = []
  readonly #clients: pg.Client[] = []

  /** Another process's worth of connections. */
  open(options: Partial<DatabaseOptions> = {}): Database {
    const opened = new Database({
      url: this.url,
      appPassword: ROLE_PASSWORDS.app,
      systemPassword: ROLE_PASSWORDS.system,
      poolMax: 4,
      statementTimeoutMs: 5_000,
      ...options,
    })
    this.#opened.push(opened)
    return opened
  }

  /** A raw connection as the role that serves requests. */
  async connectApp(): Promise<pg.Client> {
    const client = new pg.Client({
      ...connectionParts(this.url),
      user: 'vetrai_app',
      password: ROLE_PASSWORDS.app,
    })
    await client.connect()
    this.#clients.push(client)
    return client
  }

  /** One statement as superuser, whom no row security binds. */
  async admin(sql: string): Promise<pg.QueryResult> {
    return asAdmin(await stores(), sql, this.name)
  }

  async close(): Promise<void> {
    await Promise.all([
      ...this.#opened.map((db) => db.close()),
      ...this.#clients.map((client) => client.end()),
    ])
  }
}

/** A fresh database for the tests of the enclosing `describe`, with these further statements run as its owner. */
export function useDatabase(...statements: string[]): TestDatabase {
  const test = new TestDatabase()
  let drop: () => Promise<void> = async () => undefined
  before(async function () {
    this.timeout(60_000)
    const fresh = await freshDatabase()
    drop = fresh.drop
    test.name = fresh.name
    test.url = fresh.url
    const owner = await connectOwner(fresh.url, ROLE_PASSWORDS.owner)
    for (const statement of statements) await owner.query(statement)
    await owner.end()
    test.db = test.open()
  })
  after(async function () {
    this.timeout(60_000)
    await test.close()
    await drop()
  })
  return test
}

/** A tenant table and a global one for tests of the storage itself. */
export const NOTE_TABLES = [
  ...tenantTable('notes', { body: 'text not null' }, { unique: ['body'] }),
  ...globalTable('counters', { name: 'text not null unique', value: 'integer not null default 0' }),
]
