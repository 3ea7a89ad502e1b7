import { access } from 'node:fs/promises'
import type { ComposeProject } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'

type Named = Pick<Deployment, 'name' | 'lock'>

/**
 * Name of a deployment's Compose project, and what its volumes begin with. Fixed once there are volumes: neither another
 * folder nor another `name` in vetrai.yml may make the data look lost.
 */
export function projectName({ name, lock }: Named): string {
  return lock.project ?? `vetrai-${name}`
}

/** Name of one of its volumes at the engine: the one that a restore put in its place, else the usual one. */
export function volumeName(deployment: Named, volume: string): string {
  return deployment.lock.volumes?.[volume] ?? `${projectName(deployment)}-${volume}`
}

/** The project for `docker compose`: the rendered file (or `-`, standard input), then the operator's own. */
export async function projectOf(
  deployment: Deployment,
  file = deployment.paths.compose,
): Promise<ComposeProject> {
  const { composeOverride } = deployment.paths
  const hasOverride = await access(composeOverride).then(
    () => true,
    () => false,
  )
  return {
    name: projectName(deployment),
    dir: deployment.dir,
    files: [file, ...(hasOverride ? [composeOverride] : [])],
  }
}
