import { openDeployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { runtimeFor } from '../runtimes/index.js'
import type { PlanResult } from '../runtimes/runtime.js'

/** What `up` would do here. Changes nothing; where there is no deployment, it says that one would be made. */
export async function planDeployment(dir: string): Promise<PlanResult> {
  try {
    const deployment = await openDeployment(dir)
    return await runtimeFor(deployment).plan(deployment)
  } catch (error) {
    if (!(error instanceof CliError && error.code === 'config_missing')) throw error
    return { changes: [{ component: 'deployment', action: 'create', reasons: [`there is none in ${dir}`] }] }
  }
}
