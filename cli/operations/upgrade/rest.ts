import type { Deployment } from '../../deployment/deployment.js'
import type { Progress } from '../../runtimes/runtime.js'
import { beginMaintenance, endMaintenance, maintenanceIfKnown } from '../maintenance.js'
import { openApi } from '../open-api.js'

const WORDS = { message: 'We are upgrading this service and will be back shortly.', retry_after_s: 30 }

/**
 * Lets the installation rest, once that is noted; where it rests already nothing is done. A server that knows no maintenance, or
 * is away, is only stopped: the proxy tells its callers to wait.
 */
export async function beginRest(
  { deployment, progress }: { deployment: Deployment; progress: Progress },
  note: () => Promise<void>,
): Promise<void> {
  const api = await openApi(deployment)
  const before = await maintenanceIfKnown(api)
  if (before === null || before.on) return
  await note()
  await beginMaintenance({ api, progress }, WORDS)
}

/** Opens the installation again. */
export async function endRest(deployment: Deployment): Promise<void> {
  await endMaintenance(await openApi(deployment))
}
