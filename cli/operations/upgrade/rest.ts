import type { Deployment } from '../../deployment/deployment.js'
import type { Progress } from '../../runtimes/runtime.js'
import { beginMaintenance, endMaintenance, maintenanceIfKnown } from '../maintenance.js'
import { openApi } from '../open-api.js'

const WORDS = { message: 'We are upgrading this service and will be back shortly.', retry_after_s: 30 }

/**
 * Lets the installation rest, and tells whether it did not before. A version that knows no maintenance is only stopped: the
 * proxy tells its callers to wait.
 */
export async function beginRest(deployment: Deployment, progress: Progress): Promise<boolean> {
  const api = await openApi(deployment)
  const before = await maintenanceIfKnown(api)
  if (before === null || before.on) return false
  await beginMaintenance({ api, progress }, WORDS)
  return true
}

/** Opens the installation again. */
export async function endRest(deployment: Deployment): Promise<void> {
  await endMaintenance(await openApi(deployment))
}
