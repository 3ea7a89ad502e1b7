import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CliError, isSystemError } from '../deployment/errors.js'

interface PackageJson {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

/**
 * Folders of the named packages and of all that they need to run, sorted, relative to the root of the installation. Found the
 * way Node finds them, so that what only a build needs is left out. CliError `installation_incomplete` when one is missing.
 */
export async function packagesOf(root: string, names: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  const waiting = names.map((name) => ({ name, isOptional: false, from: '' }))
  for (let need = waiting.pop(); need !== undefined; need = waiting.pop()) {
    const { name, isOptional, from } = need
    const place = await locate(root, from, name)
    if (place === undefined && !isOptional) throw incomplete(root, name)
    if (place === undefined || found.has(place)) continue
    found.add(place)
    waiting.push(...(await needsOf(root, place)))
  }
  return [...found].sort()
}

/** No sources, source maps, types, tests or manuals; licences stay. */
export function isForRunning(path: string): boolean {
  return !/\.(map|[cm]?ts|test\.js)$|(?<!licen[cs]e|notice)\.md$/i.test(path)
}

async function needsOf(root: string, from: string) {
  const json = JSON.parse(await readFile(join(root, from, 'package.json'), 'utf8')) as PackageJson
  const { dependencies, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta } = json
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta?.[name]?.optional)
  const names = new Set([...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers])
  return [...names].map((name) => ({ name, isOptional: Object.hasOwn(optionalDependencies, name), from }))
}

/** Looks beside the package and then further up, as `require` does, but not above the installation. */
async function locate(root: string, from: string, name: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    if (folder === '.') folder = ''
    const place = join(folder, 'node_modules', name)
    if (!/(^|\/)node_modules$/.test(folder) && (await isFolder(join(root, place)))) return place
    if (folder === '') return undefined
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}

function incomplete(root: string, name: string): CliError {
  return new CliError({
    code: 'installation_incomplete',
    message: `The package ${name} is not installed in ${root}.`,
    next: `Install what is missing: cd ${root} && npm ci`,
  })
}
