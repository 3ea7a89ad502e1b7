import type pg from 'pg'
import { type DatabaseLogin, withClient } from './open-client.js'

const EVERY_MS = 50

/**
 * Runs a statement that wants nobody connected to these databases. It takes the lock that keeps new sessions waiting
 * and gives the others some seconds to go; a second connection ends them meanwhile. Nothing stays closed when this
 * is killed at whatever moment.
 */
export async function withoutSessions(
  admin: DatabaseLogin,
  databases: readonly string[],
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  await withClient(admin, (worker) =>
    withClient(admin, async (guard) => {
      const end = () =>
        guard.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = any ($1) and pid <> pg_backend_pid()',
          [databases],
        )
      await end()
      const timer = setInterval(() => void end().catch(() => undefined), EVERY_MS)
      try {
        await work(worker)
      } finally {
        clearInterval(timer)
      }
    }),
  )
}
