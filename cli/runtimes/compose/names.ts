import { access } from 'node:fs/promises'
import type { ComposeProject } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'

/** Fixed name of a deployment's Compose project; never that of its folder, which may be renamed. */
export function projectName({ name }: Pick<Deployment, 'name'>): string {
  return `vetrai-${name}`
}

/** Name of one of its volumes at the engine. */
export function volumeName(deployment: Pick<Deployment, 'name'>, volume: string): string {
  return `${projectName(deployment)}-${volume}`
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
