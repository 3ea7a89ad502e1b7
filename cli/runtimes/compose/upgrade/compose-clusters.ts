import type { Deployment } from '../../../deployment/deployment.js'
import { CliError } from '../../../deployment/errors.js'
import type { DeploymentLock } from '../../../deployment/lock-file.js'
import type { ClusterHost, ClusterMove } from '../../cluster-move.js'
import { imageNotHere } from '../../image-not-here.js'
import { type Engine, ignoreMissing } from '../engine.js'
import { judgePgvector, LOOK, olderMajor, readLook } from '../guard-cluster.js'
import { chooseImages } from '../images.js'
import { imageId } from '../missing-images.js'
import { projectName, volumeName } from '../names.js'
import { existingVolumes } from '../volumes.js'
import { fillCluster } from './fill-cluster.js'
import { runOneOff } from './run-one-off.js'

/** What has the database's volume, and what cannot be without it. */
const STOPPED = ['server', 'worker', 'wal', 'postgres']
/** What lock.json notes of a cluster: another one has other roles and another schema, and has yet to be looked at by `up`. */
const OF_CLUSTER = ['cluster', 'bootstrap', 'migrations', 'applied']

/** The built-in database's way to another major, for a deployment of containers. */
export function composeClusters(deployment: Deployment, engine: Engine): ClusterHost {
  const change = (how: (lock: DeploymentLock) => DeploymentLock) =>
    deployment.withLock('upgrade', () => deployment.updateLock(how))
  const isSwitched = ({ to }: ClusterMove) => volumeName(deployment, 'postgres') === to.volume

  return {
    wanted: () => wantedMove(deployment, engine),
    keep: (move) => change((lock) => ({ ...lock, held_postgres: holdOf(move) })),
    fill: (move, step) => fillCluster(deployment, engine, move, (line) => step.update(line)),
    switchOver: async (move) => {
      await stopDatabase(engine)
      await change(({ held_postgres: _, ...lock }) => onVolume(lock, move.to.volume))
    },
    switchBack: async (move) => {
      if (isSwitched(move)) await stopDatabase(engine)
      await change((lock) => {
        const back = isSwitched(move) ? onVolume(lock, usualVolume(deployment, move.from.volume)) : lock
        return { ...back, held_postgres: holdOf(move) }
      })
      await engine.docker.getVolume(move.to.volume).remove().catch(ignoreMissing)
    },
    isKept: async (move) =>
      isSwitched(move) && (await existingVolumes(deployment, engine)).includes(move.from.volume),
  }
}

async function wantedMove(deployment: Deployment, engine: Engine): Promise<ClusterMove | undefined> {
  const { config, lock } = deployment
  const { cluster } = lock
  if (config.database.url || !cluster) return undefined
  const { postgres } = await chooseImages(deployment, { wantedPostgres: true })
  const { ref, usual, use } = postgres.from ?? postgres
  if (ref === cluster.image?.ref) return undefined
  if ((await imageId(engine, use)) === undefined) throw imageNotHere(use)
  const look = readLook(await runOneOff(engine.docker, { image: use, command: ['sh', '-c', LOOK] }))
  if (look.major === cluster.major) return undefined
  const problem =
    Number(look.major) < Number(cluster.major)
      ? olderMajor(cluster.major, look.major)
      : judgePgvector(look, cluster)
  if (problem) throw problem
  if (!cluster.image) throw imageUnknown(cluster.major)
  const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
  return {
    from: {
      major: Number(cluster.major),
      volume: volumeName(deployment, 'postgres'),
      image: cluster.image,
    },
    to: {
      major: Number(look.major),
      volume: `${projectName(deployment)}-postgres-${look.major}-${stamp}`,
      image: { ref, usual },
    },
  }
}

function holdOf({ from, to }: ClusterMove): NonNullable<DeploymentLock['held_postgres']> {
  return { instead_of: to.image.ref, ...from.image }
}

/** The usual name stands nowhere: containers are made anew where lock.json says another than before. */
function usualVolume(deployment: Deployment, name: string): string | undefined {
  return name === `${projectName(deployment)}-postgres` ? undefined : name
}

function onVolume(
  { volumes: { postgres: _, ...others } = {}, cluster: __, ...lock }: DeploymentLock,
  volume: string | undefined,
): DeploymentLock {
  const volumes = { ...others, ...(volume !== undefined && { postgres: volume }) }
  return {
    ...lock,
    ...(Object.keys(volumes).length > 0 && { volumes }),
    done: Object.fromEntries(Object.entries(lock.done).filter(([name]) => !OF_CLUSTER.includes(name))),
  }
}

/** Removed too: a container that is only stopped keeps its volume from being removed. */
async function stopDatabase(engine: Engine): Promise<void> {
  const there = new Set((await engine.containers()).map(({ service }) => service))
  // One after the other: each may still have something for the next.
  for (const name of STOPPED.filter((one) => there.has(one)))
    await engine.compose(['rm', '--stop', '--force', name])
}

function imageUnknown(major: string): CliError {
  return new CliError({
    code: 'cluster_image_unknown',
    message: `An earlier command line did not note which image of PostgreSQL ${major} runs the data, so nobody could go back to it.`,
    next: 'Name that image (vetrai config set images.postgres IMAGE) and run `vetrai up` once; then name the new one again.',
    exitCode: 4,
  })
}
