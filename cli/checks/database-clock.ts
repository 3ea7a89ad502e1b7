import type { Deployment } from '../deployment/deployment.js'

const TIMEOUT_MS = 3000

/**
 * What the database's clock says, in ms since 1970. Only a PostgreSQL of the operator's own is asked,
 * as the private one shares this host's clock; undefined where it does not answer within 3 seconds.
 */
export async function databaseClock(deployment: Deployment): Promise<number | undefined> {
  const { url } = deployment.config.database
  if (url === undefined) return undefined
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: url,
    user: 'vetrai_app',
    password: await deployment.secret('database-app-password'),
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  })
  // A connection that breaks after the answer must not end the doctor.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ at: Date }>('select clock_timestamp() as at')
    return rows[0]?.at.getTime()
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => undefined)
  }
}
