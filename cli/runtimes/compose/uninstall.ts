import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { removeDirectory, removeRemakable } from '../../deployment/remove-directory.js'
import { during } from '../during.js'
import type { Progress } from '../runtime.js'
import { Engine, ignoreMissing } from './engine.js'
import { existingVolumes, hasOtherDeployments } from './volumes.js'

const BUILT = /^vetrai\/(server|postgres):/

/**
 * Removes a stopped deployment: its volumes with all data, the server images that were built for it, its directory. CliError
 * `still_running` while a container is there.
 */
export async function uninstall(
  deployment: Deployment,
  progress: Progress,
  { keepData = false }: { keepData?: boolean } = {},
): Promise<void> {
  const engine = await Engine.open(deployment)
  if ((await engine.containers()).length > 0) {
    throw new CliError({
      code: 'still_running',
      message: `The deployment ${deployment.name} still has containers.`,
      next: 'Stop it first: vetrai down',
      exitCode: 4,
    })
  }
  if (keepData) {
    await removeImages(deployment, engine)
    await during(progress, 'Remove all but the data', () => removeRemakable(deployment))
    return
  }
  await during(progress, 'Remove the volumes', async () => {
    for (const name of await existingVolumes(deployment, engine)) {
      await engine.docker.getVolume(name).remove().catch(ignoreMissing)
    }
  })
  await removeImages(deployment, engine)
  await during(progress, `Remove ${deployment.dir}`, () => removeDirectory(deployment))
}

/**
 * Only what was built here: images that were pulled or loaded may serve others, and may be hard to get again. None where another
 * deployment is on this engine: it may be stopped, or just about to start with the same image.
 */
async function removeImages(deployment: Deployment, engine: Engine): Promise<void> {
  const { docker } = engine
  if (await hasOtherDeployments(deployment, engine)) return
  for (const [ref, { name }] of Object.entries(deployment.lock.images ?? {})) {
    if (name !== undefined || !BUILT.test(ref)) continue
    await docker
      .getImage(ref)
      .remove()
      .catch(() => undefined)
  }
}
