import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { composeRuntime } from './compose/compose-runtime.js'
import { embeddedRuntime } from './embedded/embedded-runtime.js'
import type { Runtime } from './runtime.js'

/** The runtime that vetrai.yml names; CliError `runtime_unavailable` for one this version cannot run. */
export function runtimeFor(deployment: Deployment): Runtime {
  const { runtime } = deployment.config
  if (runtime === 'embedded') return embeddedRuntime()
  if (runtime === 'compose') return composeRuntime()
  throw new CliError({
    code: 'runtime_unavailable',
    message: `This version cannot run deployments with the ${runtime} runtime yet.`,
    next: 'Choose another one: vetrai config set runtime compose (or embedded)',
    exitCode: 4,
  })
}
