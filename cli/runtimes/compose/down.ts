import { compose } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'
import { during } from '../during.js'
import type { Progress } from '../runtime.js'
import { Engine } from './engine.js'
import { projectName } from './names.js'

/** Longest a container may take to end before it is killed; PostgreSQL writes its checkpoint in it. */
const GRACE_S = 60

/** Stops and removes the containers and networks; volumes stay. Needs no file, only the project's name. */
export async function down(deployment: Deployment, progress: Progress): Promise<{ changed: boolean }> {
  return deployment.withLock('down', async () => {
    const engine = await Engine.open(deployment)
    await engine.removeLeftovers()
    if ((await engine.containers()).length === 0) return { changed: false }
    await deployment.journal.record('down', () =>
      during(progress, 'Stop the server, then its stores', () => removeContainers(deployment)),
    )
    return { changed: true }
  })
}

/** Compose stops in the reverse order of what depends on what. */
async function removeContainers(deployment: Deployment): Promise<void> {
  const project = { name: projectName(deployment), dir: deployment.dir, files: [] }
  await compose(project, ['down', '--remove-orphans', '--timeout', String(GRACE_S)])
}
