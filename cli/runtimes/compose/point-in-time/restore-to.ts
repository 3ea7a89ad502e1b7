import type { Deployment } from '../../../deployment/deployment.js'
import { CliError } from '../../../deployment/errors.js'
import { withLifecycleLock } from '../../../deployment/lifecycle-lock.js'
import type { DeploymentLock } from '../../../deployment/lock-file.js'
import { during } from '../../during.js'
import type { Progress, RestoredTo } from '../../runtime.js'
import { Engine, ignoreMissing } from '../engine.js'
import { projectName, volumeName } from '../names.js'
import { provideImages } from '../provide-images.js'
import { type Rendered, render } from '../render.js'
import { up } from '../up.js'
import { makeVolume, prepareVolumes } from '../volumes.js'
import { chooseRoute, type Route } from './choose-base.js'
import { flushWal } from './flush-wal.js'
import { stanzaOf } from './repository.js'
import { type RestoredCluster, requireRoom, restoreVolume } from './restore-volume.js'
import { listArchive, requireArchiving, runWal } from './run-wal.js'

const STOPPED = ['server', 'worker', 'wal', 'postgres']
/** Key of `done` in lock.json: a volume that an interrupted restore may have left. */
const UNFINISHED = 'restoring'

/**
 * Brings the built-in database to what it was at a time, in a new volume; the one before is kept. Only a cluster that came
 * that far and up again takes the place of the present one; whatever fails, the present one is started again. With `of` it
 * becomes what the database of another deployment was, whose archive is in the same place under the same key. CliError
 * `wal_off`, `time_unreachable`, `time_not_reached` or `restore_failed`.
 */
export async function restoreTo(
  deployment: Deployment,
  time: Date,
  progress: Progress,
  of?: string,
): Promise<RestoredTo> {
  requireArchiving(deployment)
  return withLifecycleLock(deployment, 'restore --at', 0, () =>
    deployment.journal.record(
      'restore',
      async (note) => {
        const work = await prepare(deployment, { time, of }, progress)
        await note({ step: 'restore', volume: work.volume, base: work.route.base.label })
        const cluster = await fill(work)
        await note({ step: 'switch', from: work.before, to: work.volume })
        await switchOver(work)
        return {
          at: time.toISOString(),
          reached: cluster.reached,
          base_backup: work.route.base.label,
          volume: work.volume,
          kept_volume: work.before,
        }
      },
      { at: time.toISOString(), ...(of !== undefined && { of }) },
    ),
  )
}

interface Work {
  deployment: Deployment
  progress: Progress
  time: Date
  /** Id of the deployment whose archive it is, where that is not this one. */
  of: string | undefined
  engine: Engine
  rendered: Rendered
  route: Route
  /** Name of the volume to be. */
  volume: string
  /** Name of the present one. */
  before: string
}

/** All that can be refused is refused here, while everything runs. */
async function prepare(
  deployment: Deployment,
  { time, of }: Pick<Work, 'time' | 'of'>,
  progress: Progress,
): Promise<Work> {
  const engine = await Engine.open(deployment)
  await engine.removeLeftovers()
  await deployment.withLock('restore', async () => {
    await removeUnfinished(deployment, engine)
    await during(progress, 'Provide the images', async (step) =>
      provideImages(deployment, engine, await render(deployment), step),
    )
    // A volume that was lost is what some come for.
    await prepareVolumes(deployment, engine, await render(deployment))
  })
  const route = await during(progress, 'Find the way to that time', async () => {
    if (of === undefined) await flushWal(engine)
    const archive = await listArchive(engine, of)
    const stanza = of && stanzaOf({ id: of })
    return chooseRoute(archive, time.getTime(), (path) => runWal(engine, ['get', path], { stanza }))
  })
  await requireRoom(engine, route)
  const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
  return {
    deployment,
    progress,
    time,
    of,
    engine,
    rendered: await render(deployment),
    route,
    volume: `${projectName(deployment)}-postgres-${stamp}`,
    before: volumeName(deployment, 'postgres'),
  }
}

/** Restores into a new volume, nobody writing meanwhile. Where that fails everything is started as it was. */
async function fill(work: Work): Promise<RestoredCluster> {
  const { deployment, engine, progress, rendered, route, time, of, volume } = work
  try {
    await during(progress, 'Stop the server, then its database', () => stop(engine))
    return await during(progress, `Restore ${route.base.label}, and what came after it`, async (step) => {
      await deployment.withLock('restore', async () => {
        await noteUnfinished(deployment, volume)
        await makeVolume(deployment, engine, rendered, volume)
      })
      return restoreVolume({ engine, rendered, volume, of }, route, time, (line) => step.update(line))
    })
  } catch (error) {
    await engine.removeLeftovers()
    await deployment.withLock('restore', () => removeUnfinished(deployment, engine))
    await up(deployment, progress)
    throw error
  }
}

/** Puts the restored volume in the place of the present one; where the server does not come up on it, the other way round. */
async function switchOver({ deployment, progress, volume }: Work): Promise<void> {
  const { volumes, cluster } = deployment.lock
  await use(deployment, { volumes: { ...volumes, postgres: volume } })
  try {
    await up(deployment, progress)
  } catch (cause) {
    await stop(await Engine.open(deployment))
    await use(deployment, { ...(volumes && { volumes }), ...(cluster && { cluster }) })
    await up(deployment, progress)
    throw new CliError({
      code: 'restore_failed',
      message: `The server does not come up on the restored database: ${reasonOf(cause)}`,
      next: `The data before is in use again. The restored data is in the volume ${volume}; remove it when you have looked: docker volume rm ${volume}`,
      cause,
    })
  }
}

/** Another cluster has other roles and another schema, whatever was noted of the one before. */
async function use(deployment: Deployment, now: Pick<DeploymentLock, 'volumes' | 'cluster'>): Promise<void> {
  await deployment.withLock('restore', () =>
    deployment.updateLock(({ volumes: _, cluster: __, ...lock }) => ({ ...lock, ...now, done: {} })),
  )
}

async function stop(engine: Engine): Promise<void> {
  const there = new Set((await engine.containers()).map(({ service }) => service))
  // One after the other: each may still have something for the next.
  for (const name of STOPPED.filter((one) => there.has(one))) await engine.compose(['stop', name])
}

async function noteUnfinished(deployment: Deployment, volume: string): Promise<void> {
  await deployment.updateLock((lock) => ({ ...lock, done: { ...lock.done, [UNFINISHED]: volume } }))
}

async function removeUnfinished(deployment: Deployment, { docker }: Engine): Promise<void> {
  const volume = deployment.lock.done[UNFINISHED]
  if (volume === undefined) return
  if (volume !== volumeName(deployment, 'postgres'))
    await docker.getVolume(volume).remove().catch(ignoreMissing)
  await deployment.updateLock(({ done: { [UNFINISHED]: _, ...done }, ...lock }) => ({ ...lock, done }))
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
