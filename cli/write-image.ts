import { existsSync } from 'node:fs'
import { cp, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LEFT_OUT } from './left-out.js'

/**
 * Build step of the server's image (compose/Dockerfile): lays out in a folder what the packed server needs at run time,
 * `app` and, apart from it, `node_modules`. What the server finds by path is where it is in the tree.
 */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PARTS = [
  ...['package.json', 'templates', 'web'],
  ...['dist/packed/server', 'dist/packed/shared', 'dist/server', 'dist/migrations', 'dist/templates'],
]

interface Manifest {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

const [target] = process.argv.slice(2)
if (!target) throw new Error('usage: write-image FOLDER')
for (const part of PARTS) {
  await cp(join(root, part), join(target, 'app', part), { recursive: true, filter: isForRunning })
}
for (const folder of await packagesOf(LEFT_OUT.server)) {
  await cp(folder, join(target, relative(root, folder)), {
    recursive: true,
    filter: (path) => path === folder || (basename(path) !== 'node_modules' && isForRunning(path)),
  })
}

/** No sources, source maps, types, tests or manuals; licences stay. */
function isForRunning(path: string): boolean {
  return !/\.(map|[cm]?ts|test\.js)$|(?<!licen[cs]e|notice)\.md$/i.test(path)
}

/** Folders of the named packages and of all that they depend on, as Node will look them up. */
async function packagesOf(names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  const visit = async (name: string, from: string, isOptional: boolean): Promise<void> => {
    const folder = locate(name, from)
    if (folder === undefined && !isOptional) throw new Error(`${name} is missing, which ${from} needs`)
    if (folder === undefined || found.has(folder)) return
    found.add(folder)
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
    const { dependencies, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta } = manifest
    const peers = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta?.[peer]?.optional)
    for (const next of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
      await visit(next, folder, Object.hasOwn(optionalDependencies, next))
    }
  }
  for (const name of names) await visit(name, root, false)
  return found
}

function locate(name: string, from: string): string | undefined {
  const folder = join(from, 'node_modules', name)
  if (existsSync(join(folder, 'package.json'))) return folder
  return from === root ? undefined : locate(name, dirname(from))
}
