import pg from 'pg'
import type { Deployment } from '../deployment/deployment.js'

/** Asks the built-in PostgreSQL of a deployment that runs, as its superuser. */
export async function askDatabase<Row>(
  deployment: Deployment,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: deployment.lock.ports.postgres,
    database: 'vetrai',
    user: 'postgres',
    password: await deployment.secret('postgres-superuser-password'),
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql, values)).rows as Row[]
  } finally {
    await client.end()
  }
}
