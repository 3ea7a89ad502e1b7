import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { embeddedRuntime } from './embedded/embedded-runtime.js'
import type { Runtime } from './runtime.js'

/** The runtime that vetrai.yml names; CliError `runtime_unavailable` for one this version cannot run. */
export function runtimeFor(deployment: Deployment): Runtime {
  const { runtime } = deployment.config
  if (runtime === 'embedded') return embeddedRuntime()
  throw new CliError({
    code: 'runtime_unavailable',
    message: `This version cannot run deployments with the ${runtime} runtime yet.`,
    next: 'Choose the embedded one: vetrai config set runtime embedded',
    exitCode: 4,
  })
}
