import type { Deployment } from '../../deployment/deployment.js'
import { during } from '../during.js'
import type { Progress } from '../runtime.js'
import { findOrphans, stopOrphans } from './orphans.js'
import { livingSupervisor, stopSupervisor } from './supervisor-client.js'

/** Stops everything cleanly, what a killed supervisor left behind included; data stays. */
export async function down(deployment: Deployment, progress: Progress): Promise<{ changed: boolean }> {
  return deployment.withLock('down', async () => {
    const isRunning = (await livingSupervisor(deployment)) !== undefined
    if (!isRunning && findOrphans(deployment).length === 0) return { changed: false }
    await deployment.journal.record('down', () =>
      during(progress, 'Stop the server, then Redis and PostgreSQL', async () => {
        await stopSupervisor(deployment)
        await stopOrphans(deployment)
      }),
    )
    return { changed: true }
  })
}
