import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Deployment } from '../../deployment/deployment.js'
import type { DeploymentLock } from '../../deployment/lock-file.js'
import { DEFAULT_ENGINE, type ImageName } from '../../deployment/schema.js'
import { composeAsset, installedVersion, ROOT } from './installation.js'

/** An image by the name that the Compose file uses. */
export interface ChosenImage {
  /** As vetrai.yml or this version names it, the mirror in front. */
  ref: string
  /** `ref` without the mirror: the name that every host has for it. */
  usual: string
  /** What stands in the Compose file: `ref`, `ref@sha256:…` once it was pulled, or the plain name that a bundle gave it. */
  use: string
  /** Id of the only image that may go by that name; undefined where the name alone decides. */
  id?: string
  /** What brings it to an engine that lacks it. */
  origin: 'build' | 'pull' | 'bundle'
  /** The chosen image that it is built from. */
  from?: ChosenImage
}

/** Below the root of an installation that came in a bundle: the name of the server's image, which came with it. */
export const SERVER_IMAGE_FILE = 'dist/server-image'

/** What .dockerignore leaves out of them. */
const IGNORED = /\.test\.ts$|\/test-support\.ts$|^cli\/testing\//

/** The build argument that names Node's image, where the usual one cannot be had. */
export const NODE_IMAGE = process.env.VETRAI_NODE_IMAGE || 'node:22-bookworm-slim'

/** Everything the server's image is made from; .dockerignore lets in the same. */
const SOURCES = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', '.dockerignore', 'compose/Dockerfile'],
  ...['server', 'cli', 'migrations', 'templates', 'web'],
]

/** Chooses the image of each container: vetrai.yml first, then compose/images.yaml, by the digest in lock.json. */
export async function chooseImages(deployment: Deployment): Promise<Record<ImageName, ChosenImage>> {
  const { config, lock } = deployment
  const defaults = parse(await composeAsset('images.yaml')) as Record<string, string | Record<string, string>>
  const { mirror, ...own } = config.images
  const names: ImageName[] = [
    ...(['postgres', 'redis', 'object-store', 'proxy'] as const),
    ...(['prometheus', 'grafana', 'postgres-exporter', 'redis-exporter'] as const),
  ]
  const chosen = names.map((name): [ImageName, ChosenImage] => {
    const standard = defaults[name]
    const usual =
      own[name] ??
      (typeof standard === 'string' ? standard : standard?.[config.objects.engine ?? DEFAULT_ENGINE])
    if (usual === undefined) throw new Error(`compose/images.yaml names no image for ${name}`)
    return [name, pinned(usual, lock, own[name] ? undefined : mirror)]
  })
  const server = own.server ? pinned(own.server, lock) : await serverImage()
  const all = Object.fromEntries([['server', server], ...chosen]) as Record<ImageName, ChosenImage>
  return config.backup.wal ? { ...all, postgres: await archivingImage(all.postgres, lock) } : all
}

/** Below the root: what the image of a PostgreSQL that archives its WAL is made of, beside the chosen one. */
export const ARCHIVING_CONTEXT = 'compose/postgres'

/**
 * The chosen PostgreSQL with pgBackRest. Its tag changes with what is added and with the name of what that is added to, so that
 * hosts which have them from different registries agree on it.
 */
async function archivingImage(from: ChosenImage, lock: DeploymentLock): Promise<ChosenImage> {
  const hash = createHash('sha256').update(from.usual)
  for (const path of await filesIn(ARCHIVING_CONTEXT))
    hash.update(path).update(await readFile(join(ROOT, path)))
  const [, version = 'own'] = /:([\w.-]+)(?:@.*)?$/.exec(from.usual) ?? []
  const ref = `vetrai/postgres:${version.slice(0, 80)}-${hash.digest('hex').slice(0, 12)}`
  return { ...pinned(ref, lock), origin: 'build', from }
}

/** What a registry gave is used by its digest; what a bundle brought by its name, because engines know no digest for it. */
function pinned(usual: string, lock: DeploymentLock, mirror?: string): ChosenImage {
  const ref = mirror ? `${mirror}/${usual}` : usual
  const { id, name } = lock.images?.[ref] ?? {}
  const image = { ref, usual, origin: 'pull' as const }
  return id && name ? { ...image, use: name, id } : { ...image, use: pullName(ref, lock) }
}

/** The name by which a registry gives the very image that lock.json knows; `ref` itself where it knows none. */
export function pullName(ref: string, { images }: DeploymentLock): string {
  const digest = images?.[ref]?.digest
  return digest === undefined || ref.includes('@') ? ref : `${ref}@${digest}`
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
    for (const path of await filesIn(source)) {
      hash.update(path).update(await readFile(join(ROOT, path)))
    }
  }
  return hash.digest('hex').slice(0, 12)
}

/** Files of a source below the root, sorted; nothing for one that this installation lacks. */
async function filesIn(source: string): Promise<string[]> {
  const path = join(ROOT, source)
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined)
  if (entries === undefined)
    return (await readFile(path).catch(() => undefined)) === undefined ? [] : [source]
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((file) => !IGNORED.test(file))
    .sort()
}
