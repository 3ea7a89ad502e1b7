import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { runtimeFor } from '../../runtimes/index.js'
import type { Progress } from '../../runtimes/runtime.js'
import type { UpgradeContext } from './upgrade-context.js'

/** What an upgrade of a deployment works with. */
export async function openUpgrade(deployment: Deployment, progress: Progress): Promise<UpgradeContext> {
  const runtime = runtimeFor(deployment)
  const host = await runtime.upgrades?.(deployment)
  if (host) return { deployment, runtime, host, progress }
  throw new CliError({
    code: 'runtime_unavailable',
    message: `The ${runtime.name} runtime cannot be upgraded by this command yet.`,
    next: 'Make a backup, then start the new version: vetrai up',
    exitCode: 4,
  })
}
