import { writeFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { createDeployment, suggestPort } from '../../deployment/create-deployment.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { isPortFree } from '../../deployment/free-port.js'
import type { RecoveryKit } from '../../deployment/recovery-kit.js'
import type { DeploymentConfigInput } from '../../deployment/schema.js'
import { hostMemory } from '../../runtimes/compose/host-memory.js'

/** What is to be otherwise than in the backup. */
export interface Changes {
  name?: string
  runtime?: 'embedded' | 'compose'
  port?: number
  domain?: string
  publicUrl?: string
  /** Where objects are put: in files, or with containers in a store of the deployment's own. */
  objects?: 'file' | 'built-in'
}

/**
 * Makes the deployment that a backup is of, in a new directory: its configuration but for the changes, and its secrets. A port
 * that another program holds is replaced by a free one, unless it was asked for. Nothing is started.
 */
export async function deploymentFromKit(
  dir: string,
  kit: RecoveryKit,
  changes: Changes,
): Promise<Deployment> {
  const before = parse(kit.config) as DeploymentConfigInput
  const runtime = changes.runtime ?? before.runtime ?? 'embedded'
  const host = before.host ?? '127.0.0.1'
  const config: DeploymentConfigInput = {
    ...before,
    ...(changes.name && { name: changes.name }),
    runtime,
    port: changes.port ?? (await portFor(before.port, host)),
    ...(changes.publicUrl && { public_url: changes.publicUrl }),
    ...(changes.domain && { proxy: { ...before.proxy, domain: changes.domain } }),
    ...(runtime === 'compose' && {
      resources: { ...before.resources, memory_mb: before.resources?.memory_mb ?? hostMemory() },
    }),
  }
  const store = changes.objects ?? config.objects?.store
  // Containers have a store of their own; without them objects are files.
  config.objects =
    runtime === 'embedded' && store === 'built-in'
      ? { store: 'file' }
      : { ...config.objects, ...(store && { store }) }
  // That archive is for containers only; the configuration would be refused.
  if (runtime === 'embedded' && config.backup?.wal) config.backup = { ...config.backup, wal: false }
  const deployment = await createDeployment(dir, { config, secrets: kit.secrets })
  if (kit.override !== null && runtime === before.runtime && runtime !== 'embedded')
    await writeFile(deployment.paths.composeOverride, kit.override, { mode: 0o600 })
  return deployment
}

async function portFor(port: number | undefined, host: string): Promise<number> {
  if (port !== undefined && (await isPortFree(port, host))) return port
  return suggestPort(host)
}

/** What is missing where a backup cannot make a deployment. */
export function kitNeeded(): CliError {
  return new CliError({
    code: 'kit_needed',
    message:
      'The configuration and secrets in this backup could not be opened, and there is no deployment here yet.',
    next: 'Give the recovery key that was printed when the deployment was made: --identity-file FILE',
    exitCode: 4,
  })
}
