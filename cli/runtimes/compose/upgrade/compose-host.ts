import { spaceAt, spaceOf } from '../../../checks/disk.js'
import { readEngineFacts } from '../../../clients/engine-facts.js'
import type { Deployment } from '../../../deployment/deployment.js'
import type { LockedRelease } from '../../../deployment/lock-file.js'
import { folderBytes } from '../../folder-bytes.js'
import { migrateDatabase } from '../../migrate-database.js'
import { argumentsOf, databaseFailed, readFacts, readTrial } from '../../upgrade-database.js'
import type { DiskPlace, ServerVersion, UpgradeHost } from '../../upgrade-host.js'
import type { ChosenImage } from '../chosen-image.js'
import { Engine } from '../engine.js'
import { imageId } from '../missing-images.js'
import { provideImages } from '../provide-images.js'
import { render } from '../render.js'
import { heldImage, heldRelease, wantedServer } from '../server-image.js'
import { up } from '../up.js'
import { composeClusters } from './compose-clusters.js'
import { readVersion } from './read-version.js'
import { releaseRoom, reserveRoom } from './reserve.js'
import { endTrial, letServe, startTrial } from './trial.js'
import { VersionProject } from './version-project.js'

/** What containers need of an upgrade: versions are images, and programs of a version run as one-offs of its image. */
export async function composeHost(deployment: Deployment): Promise<UpgradeHost> {
  const engine = await Engine.open(deployment)
  const projectOf = (version: ServerVersion) => VersionProject.of(deployment, engine, version)
  const look = (image: ChosenImage, isRunning = false) => readVersion(engine.docker, image, { isRunning })
  const known = async (release: LockedRelease): Promise<ServerVersion> => {
    const { image } = release
    if (!image) throw new Error('a version of containers has an image')
    const version = await look(heldImage(image), true)
    return { ...version, locked: { ...version.locked, image } }
  }
  let trial: { project: VersionProject; container: string } | undefined

  return {
    holdsRequests: true,
    beginsAtRest: false,
    current: async () => {
      const held = heldRelease(deployment)
      return held?.image && known(held)
    },
    known,
    peek: async (to) => {
      const image = await wantedServer(deployment, to)
      const isHere = (await imageId(engine, image.use)) !== undefined
      return { name: image.ref, version: isHere ? await look(image) : undefined }
    },
    provide: async (to, step) => {
      const image = await wantedServer(deployment, to)
      const rendered = await render(deployment, { server: image, wantedPostgres: true })
      await provideImages(deployment, engine, rendered, step)
      // What was pulled is named by its digest from here on.
      return look(await wantedServer(deployment, to))
    },
    facts: async (version) => readFacts(await (await projectOf(version)).migrate('facts')),
    objectBytes: () => folderBytes(deployment.paths.objects),
    places: () => placesOf(deployment),
    reserve: async () => reserveRoom(deployment, engine, await render(deployment)),
    release: async () => releaseRoom(deployment, engine, await render(deployment)),
    migrate: async (version, copy) => migrateDatabase(deployment, (await projectOf(version)).migrator(copy)),
    database: async (version, step) => {
      const { code, stderr } = await (await projectOf(version)).migrate(step.verb, argumentsOf(step))
      if (code !== 0) throw databaseFailed(step, stderr)
    },
    putOnTrial: async (version, copy) =>
      readTrial(await (await projectOf(version)).migrate('trial', [], copy)),
    endTrial: async (version) => {
      const { code, stderr } = await (await projectOf(version)).migrate('end-trial')
      if (code !== 0) throw databaseFailed({ verb: 'end-trial' }, stderr)
    },
    trial: async (version, withinS) => {
      const project = await projectOf(version)
      trial = { project, container: await startTrial(project, withinS) }
    },
    choose: (release) => choose(deployment, release),
    start: async (withinS, progress) => {
      if (trial) await letServe(trial.project, trial.container)
      await up(deployment, progress, [], { withinS })
      if (trial) await endTrial(trial.project, trial.container)
      trial = undefined
    },
    clear: () => engine.removeLeftovers(),
    clusters: composeClusters(deployment, engine),
  }
}

/** Notes the version, and that the database needs no migration for it: that is the upgrade's own work. */
async function choose(deployment: Deployment, release: LockedRelease): Promise<void> {
  const { image } = release
  await deployment.withLock('upgrade', () =>
    deployment.updateLock((lock) => ({
      ...lock,
      release,
      done: { ...lock.done, ...(image && { migrations: image.use }) },
    })),
  )
}

/** The engine's own disk holds volumes and images; the directory may be on another. */
async function placesOf(deployment: Deployment): Promise<DiskPlace[]> {
  const { rootDir, isLocal } = await readEngineFacts()
  const own = await spaceAt(deployment.dir)
  const engines = isLocal ? await spaceOf(rootDir).catch(() => undefined) : undefined
  return [engines, own].flatMap((space) => (space ? [{ place: space.place, free: space.free }] : []))
}
