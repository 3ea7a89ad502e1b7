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
 * Folders of all packages that an installation needs to run, sorted, relative to its root. Found the way Node finds them, so
 * that what only the build needs is left out. CliError `installation_incomplete` when one is missing.
 */
export async function productionPackages(root: string): Promise<string[]> {
  const found = new Set<string>()
  const waiting = ['']
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const { name, isOptional } of await needsOf(join(root, folder), folder === '')) {
      const place = await locate(root, folder, name)
      if (place === undefined && !isOptional) throw incomplete(root, name)
      if (place === undefined || found.has(place)) continue
      found.add(place)
      waiting.push(place)
    }
  }
  return [...found].sort()
}

async function needsOf(folder: string, isRoot: boolean): Promise<{ name: string; isOptional: boolean }[]> {
  const json = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as PackageJson
  const optional = Object.keys(json.optionalDependencies ?? {})
  const peers = isRoot ? [] : Object.keys(json.peerDependencies ?? {})
  const wanted = peers.filter((name) => !json.peerDependenciesMeta?.[name]?.optional)
  const needed = [...Object.keys(json.dependencies ?? {}), ...wanted].filter(
    (name) => !optional.includes(name),
  )
  return [
    ...needed.map((name) => ({ name, isOptional: false })),
    ...optional.map((name) => ({ name, isOptional: true })),
  ]
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
