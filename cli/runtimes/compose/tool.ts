import { randomBytes } from 'node:crypto'
import { access } from 'node:fs/promises'
import { compose, composeArgs } from '../../clients/compose.js'
import { dockerEnv } from '../../clients/docker.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { runTool, type ToolMount, type ToolRequest } from '../backup-tool.js'
import { Engine, type RunningContainer } from './engine.js'
import { lend } from './lend.js'
import { projectName } from './names.js'
import { containerUser } from './owner.js'
import { storeNames, TOOL } from './services.js'

const GRACE_S = 20

/** `Runtime.tool` of the compose runtime: a one-off container of the server's image. */
export async function composeTool(deployment: Deployment, request: ToolRequest): Promise<unknown> {
  const engine = await Engine.open(deployment)
  const running = (await engine.containers()).filter(({ state }) => state === 'running')
  if (request.needsStores !== false) requireStores(deployment, running)
  await requireRendered(deployment)
  const mounts = request.mounts ?? []
  const volumes = mounts.map(volumeOf)
  const name = `${projectName(deployment)}-${TOOL}-${randomBytes(4).toString('hex')}`
  const args = [
    ...['run', '--rm', '--no-deps', '-T', '--name', name],
    ...volumes.flatMap((volume) => ['--volume', volume]),
    ...[TOOL, request.verb],
  ]
  const env = { ...(await dockerEnv()), COMPOSE_ANSI: 'never', COMPOSE_PROGRESS: 'quiet' }
  const project = await engine.project()
  // Compose leaves the container alone when it is told to end itself.
  const cleanUp = () => endContainer(engine, name)
  const how = { command: 'docker', args: composeArgs(project, args), env, cwd: deployment.dir, cleanUp }
  const lent: (() => Promise<void>)[] = []
  try {
    for (const { path } of mounts) lent.push(await lend(path, containerUser(deployment)))
    return await runTool(request, how)
  } finally {
    for (const giveBack of lent) await giveBack()
    // Its networks are nobody's while nothing else runs: `down` would find nothing to stop and leave them.
    if (running.length === 0) await removeNetworks(deployment)
  }
}

async function endContainer({ docker }: Engine, name: string): Promise<void> {
  const container = docker.getContainer(name)
  try {
    await container.stop({ t: GRACE_S })
    await container.remove({ force: true })
  } catch (error) {
    // Gone, or about to be: it removes itself.
    const { statusCode = 0 } = error as { statusCode?: number }
    if (![304, 404, 409].includes(statusCode)) throw error
  }
}

function requireStores({ config }: Deployment, running: RunningContainer[]): void {
  const missing = storeNames(config).filter((name) => !running.some(({ service }) => service === name))
  if (missing.length > 0) throw notRunning(`${missing.join(', ')} cannot be asked`)
}

async function requireRendered({ paths }: Deployment): Promise<void> {
  const isThere = await access(paths.compose).then(
    () => true,
    () => false,
  )
  if (!isThere) throw notRunning('it was never started, so there is no container to look with')
}

async function removeNetworks(deployment: Deployment): Promise<void> {
  const project = { name: projectName(deployment), dir: deployment.dir, files: [] }
  await compose(project, ['down'], { check: false })
}

function notRunning(why: string): CliError {
  return new CliError({
    code: 'not_running',
    message: `The deployment is not running: ${why}.`,
    next: 'Start it with: vetrai up',
    exitCode: 3,
  })
}

function volumeOf({ path, writable = false }: ToolMount): string {
  if (!path.includes(':')) return `${path}:${path}:${writable ? 'rw' : 'ro'}`
  throw new CliError({
    code: 'path_unusable',
    message: `${path} cannot be shown to a container: its name holds a colon.`,
    next: 'Rename it.',
    exitCode: 2,
  })
}
