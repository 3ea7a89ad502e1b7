import { type Deployment, ensureDeploymentFolders } from '../../deployment/deployment.js'
import { writeRecoveryKit } from '../../deployment/recovery-folder.js'
import { during } from '../during.js'
import { mayNeedMigration, migrateDatabase } from '../migrate-database.js'
import type { Progress, UpResult } from '../runtime.js'
import { requirePublicPort } from './internal-ports.js'
import { makePlan } from './make-plan.js'
import { embeddedMigrator } from './migrate.js'
import { stopOrphans } from './orphans.js'
import { planFingerprint } from './plan.js'
import type { ProgramPaths } from './program-paths.js'
import { redisCommand } from './redis-commands.js'
import { noteRelease } from './release-in-use.js'
import { componentNames, embeddedStatus, programNames, storeNames } from './status.js'
import {
  requestSupervisor,
  type SupervisorReport,
  spawnSupervisor,
  stopSupervisor,
  supervisorReport,
} from './supervisor-client.js'
import { waitHealthy, waitReady } from './wait-ready.js'

const WAIT_FOR_OTHERS_MS = 60_000

/** Brings the deployment to what vetrai.yml says and waits until it is ready, for `withinS` where that is given. Safe to repeat. */
export async function up(
  deployment: Deployment,
  programs: ProgramPaths,
  progress: Progress,
  { withinS }: { withinS?: number } = {},
): Promise<UpResult> {
  const work = () => converge(deployment, programs, progress, [], withinS)
  return deployment.withLock('up', work, WAIT_FOR_OTHERS_MS)
}

/** Restarts components (all when none is named) and applies a changed vetrai.yml on the way. */
export async function restart(
  deployment: Deployment,
  programs: ProgramPaths,
  progress: Progress,
  names: string[],
): Promise<void> {
  const restarted = names.length > 0 ? names : componentNames(deployment)
  await deployment.withLock('restart', () => converge(deployment, programs, progress, restarted))
}

/** Has the stores run alone, until the next `up`. Safe to repeat. */
export async function hold(
  deployment: Deployment,
  programs: ProgramPaths,
  progress: Progress,
): Promise<void> {
  await deployment.withLock(
    'hold',
    () =>
      deployment.journal.record('hold', async () => {
        const prepared = await prepare(deployment, programs, progress)
        const names = programNames(deployment)
        await start(deployment, programs, { ...prepared, hold: names, restarted: names, progress })
        await waitHealthy(deployment, storeNames(deployment))
      }),
    WAIT_FOR_OTHERS_MS,
  )
}

async function converge(
  deployment: Deployment,
  programs: ProgramPaths,
  progress: Progress,
  wanted: string[],
  withinS?: number,
): Promise<UpResult> {
  const prepared = await prepare(deployment, programs, progress)
  const restarted = [...new Set([...wanted, ...(await refusingStores(deployment, prepared.running))])]
  if (restarted.length === 0 && (await isDone(deployment, programs, prepared))) {
    return { changed: false, status: await embeddedStatus(deployment, programs) }
  }
  const action = restarted.length > 0 ? 'restart' : 'up'
  await deployment.journal.record(action, async () => {
    const { migrator, migrating } = prepared
    // What speaks to the database of this version waits for it.
    const hold = migrating ? programNames(deployment) : []
    await start(deployment, programs, { ...prepared, hold, restarted, progress })
    if (migrating) {
      await waitHealthy(deployment, storeNames(deployment))
      await during(progress, 'Bring the database to this version', () =>
        migrateDatabase(deployment, migrator),
      )
      for (const name of hold) await requestSupervisor(deployment, { command: 'start', name })
    }
    await during(progress, 'Wait until the server is ready', () => waitReady(deployment, withinS))
    await noteRelease(deployment, programs)
    // Again, for what lock.json has come to say meanwhile.
    await writeRecoveryKit(deployment)
  })
  return { changed: true, status: await embeddedStatus(deployment, programs) }
}

async function prepare(deployment: Deployment, programs: ProgramPaths, progress: Progress) {
  await ensureDeploymentFolders(deployment.paths)
  await deployment.secrets.generateAddedLater()
  await writeRecoveryKit(deployment)
  const running = await supervisorReport(deployment)
  if (!running) await stopOrphans(deployment)
  if (!servesAlready(running, deployment.localUrl)) await requirePublicPort(deployment.config)
  const work = () =>
    makePlan(deployment, {
      programs,
      portsInUse: portsOf(running),
      note: (text) => progress.step(text).done(),
    })
  const { plan, addresses } = running
    ? await work()
    : await during(progress, 'Prepare PostgreSQL and Redis', work)
  const migrator = await embeddedMigrator(deployment, programs, addresses)
  const migrating = await mayNeedMigration(deployment, migrator)
  return { running, plan, migrator, migrating }
}

/** A Redis that runs with another password than that of the file takes it by being started again. */
async function refusingStores(deployment: Deployment, running?: SupervisorReport): Promise<string[]> {
  const isUp = running?.children.some(({ name, state }) => name === 'redis' && state === 'running')
  const health = running?.plan.children.find(({ name }) => name === 'redis')?.health
  if (!isUp || health?.kind !== 'redis') return []
  const password = await deployment.secret('redis-password')
  const answer = await redisCommand({ ...health, password }, ['PING'])
  return answer !== undefined && /^-(WRONGPASS|NOAUTH|ERR invalid password)/.test(answer) ? ['redis'] : []
}

type Prepared = Awaited<ReturnType<typeof prepare>>

async function isDone(deployment: Deployment, programs: ProgramPaths, prepared: Prepared): Promise<boolean> {
  const { running, plan, migrating } = prepared
  if (!running || migrating || planFingerprint(running.plan) !== planFingerprint(plan)) return false
  if (!running.children.every(({ state }) => state === 'running')) return false
  return (await embeddedStatus(deployment, programs)).ready
}

/** A supervisor of the same code takes the new plan over; one of older code is replaced. */
async function start(
  deployment: Deployment,
  programs: ProgramPaths,
  options: Prepared & { hold: string[]; restarted: string[]; progress: Progress },
): Promise<void> {
  const { running, plan, hold, restarted, progress } = options
  if (running?.plan.code === plan.code) {
    const isHeld = restarted.length > 0 && restarted.every((name) => hold.includes(name))
    const title =
      restarted.length === 0 ? 'Apply the changes' : `${isHeld ? 'Stop' : 'Restart'} ${restarted.join(', ')}`
    await during(progress, title, () =>
      requestSupervisor(deployment, { command: 'apply', plan, restart: restarted, hold }),
    )
    return
  }
  if (running) await during(progress, 'Stop the previous version', () => stopSupervisor(deployment))
  const names = plan.children.map(({ name }) => name).filter((name) => !hold.includes(name))
  await during(progress, `Start ${names.join(', ')}`, () =>
    spawnSupervisor(deployment, { program: programs.supervisor, plan, hold }),
  )
}

function servesAlready(running: SupervisorReport | undefined, url: string): boolean {
  const server = running?.plan.children.find(({ name }) => name === 'server')
  const isAlive = running?.children.some(({ name, pid }) => name === 'server' && pid !== null) ?? false
  return isAlive && server?.health.kind === 'http' && server.health.url.startsWith(`${url}/`)
}

function portsOf(running: SupervisorReport | undefined): number[] {
  return (running?.plan.children ?? []).flatMap(({ name, health }) => {
    const serves = running?.children.some((child) => child.name === name && child.state === 'running')
    if (!serves || name === 'server') return []
    return [health.kind === 'http' ? Number(new URL(health.url).port) : health.port]
  })
}
