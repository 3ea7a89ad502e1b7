import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Deployment } from '../../deployment/deployment.js'
import { DEFAULT_ENGINE, type ImageName } from '../../deployment/schema.js'
import { composeAsset, installedVersion, ROOT } from './installation.js'

/** An image by the name that the Compose file uses. */
export interface ChosenImage {
  /** Name and tag, without a digest. */
  ref: string
  /** What stands in the Compose file: `ref`, or `ref@sha256:…` once it was pulled. */
  use: string
  /** True for the server image of this very tree, which is built here and nowhere pulled. */
  isBuilt: boolean
}

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
  const pinned = (ref: string): ChosenImage => {
    const digest = ref.includes('@') ? undefined : lock.images?.[ref]?.digest
    return { ref, use: digest === undefined ? ref : `${ref}@${digest}`, isBuilt: false }
  }
  const chosen = names.map((name): [ImageName, ChosenImage] => {
    const standard = defaults[name]
    const usual =
      typeof standard === 'string' ? standard : standard?.[config.objects.engine ?? DEFAULT_ENGINE]
    if (usual === undefined) throw new Error(`compose/images.yaml names no image for ${name}`)
    return [name, pinned(own[name] ?? (mirror ? `${mirror}/${usual}` : usual))]
  })
  const server: ChosenImage = own.server
    ? pinned(own.server)
    : await builtImage().then((ref) => ({ ref, use: ref, isBuilt: true }))
  return Object.fromEntries([['server', server], ...chosen]) as Record<ImageName, ChosenImage>
}

/** The image of this tree: its tag changes with the version and with any file it is made from. */
async function builtImage(): Promise<string> {
  return `vetrai/server:${await installedVersion()}-${await sourceStamp()}`
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
