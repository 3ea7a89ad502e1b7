import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import type { LockedRelease } from '../../deployment/lock-file.js'
import { compareVersions } from '../../release/compare-versions.js'
import { releaseOfTree } from '../../release/release-of-tree.js'
import { type ChosenImage, pinned } from './chosen-image.js'
import { installedVersion, ROOT } from './installation.js'
import { sourceFiles } from './source-files.js'

/** Below the root of an installation that came in a bundle: the name of the server's image, which came with it. */
export const SERVER_IMAGE_FILE = 'dist/server-image'

/** The build argument that names Node's image, where the usual one cannot be had. */
export const NODE_IMAGE = process.env.VETRAI_NODE_IMAGE || 'node:22-bookworm-slim'

/** Everything the server's image is made from; .dockerignore lets in the same. */
const SOURCES = [
  ...['package.json', 'package-lock.json', 'release.json', 'tsconfig.json'],
  ...['.dockerignore', 'compose/Dockerfile'],
  ...['server', 'cli', 'migrations', 'templates', 'web'],
]

/** The version that a deployment keeps to, and the one that vetrai.yml or this command line would have. */
export interface WaitingUpgrade {
  from: string
  to: string
}

/**
 * The server's image of a deployment: the one that is wanted, unless that is another version than its data is of. Only an
 * upgrade goes from one to another.
 */
export async function chooseServer(deployment: Deployment): Promise<ChosenImage> {
  const wanted = await wantedServer(deployment)
  const held = heldRelease(deployment)
  return held?.image && !(await isSameVersion(deployment, held, wanted)) ? heldImage(held.image) : wanted
}

/** What `vetrai upgrade run` would do here; undefined where the deployment runs what is wanted. */
export async function waitingUpgrade(deployment: Deployment): Promise<WaitingUpgrade | undefined> {
  const wanted = await wantedServer(deployment)
  const held = heldRelease(deployment)
  if (!held?.image || (await isSameVersion(deployment, held, wanted))) return undefined
  if (deployment.config.images.server) return { from: held.version, to: wanted.ref }
  const { version: to } = await releaseOfTree()
  // An older command line looks after a newer version: nothing waits.
  return compareVersions(to, held.version) < 0 ? undefined : { from: held.version, to }
}

/** The image that is named, else the one of vetrai.yml, else that of this installation. */
export async function wantedServer(
  { config, lock }: Deployment,
  to = config.images.server,
): Promise<ChosenImage> {
  return to === undefined ? serverImage() : pinned(to, lock)
}

/** The version that the data is of. A command line before this one noted the image that had migrated it, and no more. */
export function heldRelease({ lock }: Deployment): LockedRelease | undefined {
  if (lock.release) return lock.release
  const { migrations: use } = lock.done
  const { server: version } = lock.versions
  if (use === undefined || version === undefined) return undefined
  return {
    version,
    schema_version: 'unknown',
    image: { ref: use.split('@')[0] ?? use, use, origin: 'bundle' },
  }
}

/** The image of a version that the deployment keeps to. What a registry gave it can give again. */
export function heldImage({ ref, use, id, origin }: NonNullable<LockedRelease['image']>): ChosenImage {
  return {
    ref,
    usual: ref,
    use,
    ...(id && origin === 'bundle' && { id }),
    origin: origin === 'pull' ? 'pull' : 'held',
  }
}

async function isSameVersion(
  { config }: Deployment,
  held: LockedRelease,
  wanted: ChosenImage,
): Promise<boolean> {
  if (held.image?.ref === wanted.ref || held.image?.use === wanted.use) return true
  // What another image holds is not known before it is here.
  if (config.images.server) return false
  const { version, schema_version: schema } = await releaseOfTree()
  return version === held.version && schema === held.schema_version
}

/** The image that came with this installation, else that of this tree: its tag changes with any file it is made from. */
async function serverImage(): Promise<ChosenImage> {
  const bundled = await readFile(join(ROOT, SERVER_IMAGE_FILE), 'utf8').catch(() => undefined)
  const ref = bundled?.trim() ?? `vetrai/server:${await installedVersion()}-${await sourceStamp()}`
  return { ref, usual: ref, use: ref, origin: bundled === undefined ? 'build' : 'bundle' }
}

let stamp: Promise<string> | undefined

/** Of what this process was started from; computed once, as it reads every source. */
function sourceStamp(): Promise<string> {
  stamp ??= hashSources()
  return stamp
}

async function hashSources(): Promise<string> {
  const hash = createHash('sha256').update(NODE_IMAGE)
  for (const source of SOURCES) {
    for (const path of await sourceFiles(source)) {
      hash.update(path).update(await readFile(join(ROOT, path)))
    }
  }
  return hash.digest('hex').slice(0, 12)
}
