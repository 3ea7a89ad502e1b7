import pg from 'pg'
import { connectionParts } from '../../storage/database.js'

/** Which database, and as whom. */
export interface DatabaseLogin {
  /** PostgreSQL URL without credentials; its database is the living one. */
  readonly url: string
  readonly role: string
  readonly password?: string | undefined
  /** Another database on the same server than the URL names. */
  readonly database?: string
}

const CONNECT_TIMEOUT_MS = 30_000
const KEEPALIVE_MS = 10_000

// Work on a whole database takes as long as it takes, whatever the server or the role has for defaults, while waiting
// for a lock is bounded. The server notices within minutes that this side is gone, and lets go of the snapshot.
// Parallel and synchronised scans would give rows in an order that is not that of the table.
const SESSION = `
  select set_config(name, value, false) from (values
    ('statement_timeout', '0'), ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
    ('idle_session_timeout', '0'), ('lock_timeout', '30s'), ('tcp_keepalives_idle', '60'),
    ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '6'), ('synchronize_seqscans', 'off'),
    ('max_parallel_workers_per_gather', '0'), ('search_path', 'public'), ('datestyle', 'iso, ymd'),
    ('intervalstyle', 'iso_8601'), ('timezone', 'UTC'), ('extra_float_digits', '3'), ('bytea_output', 'hex')
  ) as wanted (name, value) join pg_settings using (name)`

/** A connection for long work: no time limit but on waiting for locks, dead peers noticed, text forms of values fixed. */
export async function openClient(login: DatabaseLogin): Promise<pg.Client> {
  const client = new pg.Client({
    ...partsOf(login),
    user: login.role,
    password: login.password,
    application_name: 'vetrai_backup',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
  })
  // Whoever waits for an answer gets the error; without a listener it would end the process.
  client.on('error', () => undefined)
  await client.connect()
  await client.query(SESSION)
  return client
}

/** Host, port and database that a login leads to. */
export function partsOf({ url, database }: DatabaseLogin): { host: string; port: number; database: string } {
  const parts = connectionParts(url)
  return { ...parts, database: database ?? parts.database }
}

/** Runs work on a connection of its own, which is closed in any case. */
export async function withClient<T>(
  login: DatabaseLogin,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await openClient(login)
  try {
    return await work(client)
  } finally {
    await closeClient(client)
  }
}

/** Ends a connection without waiting for a server that is gone or busy. */
export async function closeClient(client: pg.Client): Promise<void> {
  const ended = client.end().catch(() => undefined)
  const cut = setTimeout(() => cutClient(client), 2_000)
  await ended
  clearTimeout(cut)
}

/** Cuts a connection at once, whatever it is doing; what waits for it fails. */
export function cutClient(client: pg.Client): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}
