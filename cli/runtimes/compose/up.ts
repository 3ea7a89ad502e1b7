import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { atomicWrite, ensureDirectory } from '../../deployment/atomic-write.js'
import { type Deployment, ensureDeploymentFolders } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { LockedRelease } from '../../deployment/lock-file.js'
import { writeRecoveryKit } from '../../deployment/recovery-folder.js'
import { releaseOfTree } from '../../release/release-of-tree.js'
import { during } from '../during.js'
import { mayNeedMigration, migrateDatabase } from '../migrate-database.js'
import type { Progress, ProgressStep, UpResult } from '../runtime.js'
import { Engine, ignoreMissing } from './engine.js'
import { explainFailure } from './explain-failure.js'
import { guardCluster, noteCluster } from './guard-cluster.js'
import { composeMigrator, migratedBy } from './migrator.js'
import { imageId } from './missing-images.js'
import { projectName } from './names.js'
import { giveToContainers } from './owner.js'
import { type ComposePlan, makePlan } from './plan.js'
import { walFolder } from './point-in-time/repository.js'
import { provideImages } from './provide-images.js'
import { type Rendered, render } from './render.js'
import { storeNames } from './services.js'
import { composeStatus, readiness } from './status.js'
import { makeTargetFolders } from './target-folders.js'
import { prepareVolumes } from './volumes.js'
import { writeFiles } from './write-files.js'

const READY_TIMEOUT_MS = 120_000
const WAIT_FOR_OTHERS_MS = 60_000
/** How long a container that was paused has to answer its health check. */
const RECOVERY_MS = 20_000
/** Longest that a store may take to recover, or a server to start. */
const HEALTHY_TIMEOUT_S = 180

interface Context {
  deployment: Deployment
  engine: Engine
  rendered: Rendered
  plan: ComposePlan
  /** Services to restart whatever changed. */
  restarted: string[]
  /** Longest that the server may take to be ready. */
  withinS?: number
}

interface Step {
  name: string
  title: (context: Context) => string
  isNeeded?: (context: Context) => boolean | Promise<boolean>
  run: (context: Context, step: ProgressStep) => Promise<void>
}

/**
 * What `up` does, in order. Each step finds out itself what is left to do, so that an `up` that was interrupted anywhere is
 * resumed by another; the journal names each step as it begins.
 */
const STEPS: readonly Step[] = [
  {
    // Before anything is written: where an image cannot be had, files and containers stay as they are.
    name: 'images',
    title: () => 'Provide the images',
    run: async (context, step) => {
      await provideImages(context.deployment, context.engine, context.rendered, step)
      // What was pulled is named by its digest from here on.
      context.rendered = await render(context.deployment)
    },
  },
  { name: 'render', title: () => 'Write compose.yaml', run: writeAll },
  {
    name: 'guard',
    title: () => 'Check the data against the images',
    isNeeded: ({ deployment }) => !deployment.config.database.url,
    run: ({ deployment, engine, rendered }) => guardCluster(deployment, engine, rendered),
  },
  {
    name: 'volumes',
    title: () => 'Prepare the volumes',
    run: ({ deployment, engine, rendered }) => prepareVolumes(deployment, engine, rendered),
  },
  {
    name: 'stores',
    title: ({ deployment }) => `Start ${storeNames(deployment.config).join(', ')}`,
    isNeeded: ({ deployment }) => storeNames(deployment.config).length > 0,
    run: (context) => bringUp(context, storeNames(context.deployment.config)),
  },
  {
    name: 'migrate',
    title: () => 'Bring the database to this version',
    // Asked here, not when the plan was made: a database whose volume is new has everything to do.
    isNeeded: ({ deployment, rendered }) => mayNeedMigration(deployment, migratedBy(deployment, rendered)),
    run: async ({ deployment, engine, rendered }) => {
      await migrateDatabase(deployment, composeMigrator(deployment, engine, rendered))
    },
  },
  {
    name: 'server',
    title: ({ rendered }) => `Start ${among(rendered, PROGRAMS).join(', ')}`,
    run: (context) => bringUp(context, among(context.rendered, PROGRAMS)),
  },
  {
    name: 'edge',
    title: (context) => `Start ${edgeOf(context).join(', ')}`,
    run: (context) => bringUp(context, edgeOf(context), ['--remove-orphans']),
  },
  {
    name: 'restart',
    title: ({ restarted }) => `Restart ${restarted.join(', ')}`,
    isNeeded: ({ restarted }) => restarted.length > 0,
    run: async (context) => {
      await context.engine.compose(['restart', ...context.restarted])
      // A restarted container has yet to pass its health check.
      await bringUp(context, context.restarted)
    },
  },
  { name: 'ready', title: () => 'Wait until the server is ready', run: waitReady },
  {
    name: 'record',
    title: () => 'Note what runs',
    run: async ({ deployment, engine, rendered }) => {
      await noteCluster(deployment, engine, rendered)
      await noteVersions(deployment, engine, rendered)
      // Again, for what lock.json has come to say meanwhile.
      await writeRecoveryKit(deployment)
    },
  },
]

/** Names of the steps of `up`, as the journal has them. */
export const STEP_NAMES: readonly string[] = STEPS.map(({ name }) => name)

/** Brings the deployment to what vetrai.yml says and waits until it is ready. Nothing changed touches no container. */
export async function up(
  deployment: Deployment,
  progress: Progress,
  restarted: string[] = [],
  { withinS }: { withinS?: number } = {},
): Promise<UpResult> {
  const action = restarted.length > 0 ? 'restart' : 'up'
  const work = () => converge(deployment, progress, { restarted, ...(withinS && { withinS }) })
  return deployment.withLock(action, work, WAIT_FOR_OTHERS_MS)
}

/** What there must be for the stores to run. */
const FOR_STORES = ['images', 'render', 'guard', 'volumes', 'stores']

/** Has the stores run alone, until the next `up`. Safe to repeat. */
export async function hold(deployment: Deployment, progress: Progress): Promise<void> {
  await deployment.withLock(
    'hold',
    async () => {
      const context = await prepare(deployment)
      await deployment.journal.record('hold', async (note) => {
        for (const step of STEPS.filter(({ name }) => FOR_STORES.includes(name))) {
          await runStep(step, context, { progress, note })
        }
        // Last: an image that has to be built first costs nobody a request.
        const programs = among(context.rendered, PROGRAMS)
        await during(progress, `Stop ${programs.join(', ')}`, () => stopServices(context, programs))
      })
    },
    WAIT_FOR_OTHERS_MS,
  )
}

/** Named while there are containers only: Compose refuses to stop what was never made. */
async function stopServices({ engine }: Context, services: string[]): Promise<void> {
  const there = new Set((await engine.containers()).map(({ service }) => service))
  const running = services.filter((name) => there.has(name))
  if (running.length > 0) await engine.compose(['stop', ...running])
}

async function prepare(deployment: Deployment): Promise<Context> {
  await ensureDeploymentFolders(deployment.paths)
  await deployment.secrets.generateMissing()
  await writeRecoveryKit(deployment)
  const engine = await Engine.open(deployment)
  const rendered = await render(deployment)
  const plan = await makePlan(deployment, engine, rendered)
  refuseForeign(deployment, plan)
  return { deployment, engine, rendered, plan, restarted: [] }
}

async function runStep(
  step: Step,
  context: Context,
  { progress, note }: { progress: Progress; note: (detail: Record<string, unknown>) => Promise<void> },
): Promise<void> {
  if ((await step.isNeeded?.(context)) === false) return
  await note({ step: step.name })
  await during(progress, step.title(context), (handle) => step.run(context, handle))
}

async function converge(
  deployment: Deployment,
  progress: Progress,
  wish: Pick<Context, 'restarted' | 'withinS'>,
): Promise<UpResult> {
  const context = { ...(await prepare(deployment)), ...wish }
  const { restarted } = wish
  const { engine, rendered, plan } = context
  const isDone = plan.changes.length === 0 && deployment.lock.done.applied === stampOf(rendered)
  if (restarted.length === 0 && isDone && (await readiness(deployment)).ready) {
    return { changed: false, status: await composeStatus(deployment, { engine, measure: false }) }
  }
  await deployment.journal.record(restarted.length > 0 ? 'restart' : 'up', async (note) => {
    for (const step of STEPS) await runStep(step, context, { progress, note })
  })
  return { changed: true, status: await composeStatus(deployment, { engine, measure: false }) }
}

/** Two deployments of one name would share a project: each would take the other's containers for its own. */
function refuseForeign(deployment: Deployment, { containers }: ComposePlan): void {
  const foreign = containers.find(({ deployment: id }) => id !== undefined && id !== deployment.id)
  if (!foreign) return
  throw new CliError({
    code: 'name_taken',
    message: `The project ${projectName(deployment)} belongs to another deployment on this engine.`,
    next: 'Give this one another name: vetrai config set name OTHER',
    exitCode: 4,
  })
}

async function writeAll({ deployment, rendered }: Context): Promise<void> {
  const { paths } = deployment
  await deployment.updateLock((lock) => ({ ...lock, user: rendered.user }))
  await ensureDirectory(paths.generated, 0o700)
  await ensureDirectory(deployment.secrets.previousFolder('master-key'), 0o700)
  const archive = deployment.config.backup.wal ? walFolder(deployment) : undefined
  if (archive !== undefined) await ensureDirectory(archive, 0o700)
  await writeFiles(paths.generated, rendered.generated)
  await atomicWrite(paths.compose, rendered.text, 0o600)
  await makeTargetFolders(deployment, rendered.user)
  await giveToContainers(deployment, rendered.user)
}

const PROGRAMS = ['server', 'worker']

function among({ file }: Rendered, names: string[]): string[] {
  return names.filter((name) => file.services[name])
}

/** What stands around the programs: the proxy, and what watches. */
function edgeOf({ deployment, rendered }: Context): string[] {
  const earlier = [...storeNames(deployment.config), ...PROGRAMS]
  return Object.keys(rendered.file.services).filter(
    (name) => !earlier.includes(name) && !rendered.file.services[name]?.profiles,
  )
}

/**
 * Starts or remakes services and waits until they are healthy. Called for stores first, then programs, then the edge: named
 * all at once, Compose would also remake everything that depends on what it remakes.
 */
async function bringUp(
  { engine, deployment, withinS = HEALTHY_TIMEOUT_S }: Context,
  services: string[],
  more: string[] = [],
): Promise<void> {
  await clearBroken(engine, services)
  const output = await engine.compose(
    [
      ...['up', '--detach', '--no-build', '--pull', 'never'],
      ...['--wait', '--wait-timeout', String(withinS), ...more, ...services],
    ],
    { check: false },
  )
  if (output.code !== 0) throw await explainFailure(deployment, engine, output)
}

/** Containers that `docker compose up` would leave as they are: paused, dead, or running without being well. */
async function clearBroken(engine: Engine, services: string[]): Promise<void> {
  for (const { id, service, state, health } of await engine.containers()) {
    if (!services.includes(service)) continue
    const container = engine.docker.getContainer(id)
    if (state === 'dead' || state === 'removing') {
      await container.remove({ force: true }).catch(ignoreMissing)
      continue
    }
    if (state === 'paused') await container.unpause().catch(ignoreMissing)
    // What was paused is well once it is asked again; Compose would take its last answer for the truth.
    const isIll = state === 'paused' ? !(await recovers(engine, id)) : health === 'unhealthy'
    if (isIll && state !== 'exited') await container.restart({ t: 30 }).catch(ignoreMissing)
  }
}

async function recovers(engine: Engine, id: string): Promise<boolean> {
  for (const deadline = Date.now() + RECOVERY_MS; Date.now() < deadline; await sleep(500)) {
    const health = (await engine.containers()).find((one) => one.id === id)?.health
    if (health === 'healthy' || health === 'none') return true
  }
  return false
}

async function waitReady({ deployment, engine, withinS }: Context, step: ProgressStep): Promise<void> {
  let last = await readiness(deployment)
  const timeout = withinS === undefined ? READY_TIMEOUT_MS : withinS * 1_000
  for (const deadline = Date.now() + timeout; !last.ready; last = await readiness(deployment)) {
    step.update(last.detail)
    if (Date.now() >= deadline) break
    await sleep(250)
  }
  if (last.ready) return
  throw await explainFailure(deployment, engine, { code: 1, stdout: '', stderr: last.detail })
}

/** Versions as the programs tell them themselves; the stamp says that all steps were gone through for this very file. */
async function noteVersions(deployment: Deployment, engine: Engine, rendered: Rendered): Promise<void> {
  const { versions, schema } = await readiness(deployment)
  const release = await releaseInUse(deployment, engine, rendered.images, {
    version: versions.server,
    schema,
  })
  await deployment.updateLock((lock) => ({
    ...lock,
    ...(release && { release }),
    versions: { ...lock.versions, ...versions },
    done: { ...lock.done, applied: stampOf(rendered) },
  }))
}

/** A version that is kept to stays as it was noted when it was new: the schema may have gone on without it. */
async function releaseInUse(
  { lock }: Deployment,
  engine: Engine,
  { server }: Rendered['images'],
  { version, schema }: { version: string | undefined; schema: string | undefined },
): Promise<LockedRelease | undefined> {
  if (lock.release?.image?.use === server.use || server.origin === 'held') return lock.release
  if (version === undefined || schema === undefined) return undefined
  const id = await imageId(engine, server.use)
  const own = server.origin === 'pull' ? schema : (await releaseOfTree()).schema_version
  const image = { ref: server.ref, use: server.use, ...(id && { id }), origin: server.origin }
  return { version, schema_version: own, image }
}

function stampOf({ text }: Rendered): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
