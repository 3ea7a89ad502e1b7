import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { productionPackages } from './production-packages.js'

/** One file of an installation. */
export interface InstallationFile {
  /** Below the root, with slashes. */
  name: string
  path: string
  size: number
  isProgram: boolean
}

const FOLDERS = ['bin', 'dist', 'migrations', 'templates', 'web', 'compose', 'docs']
const FILES = ['package.json', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE']
/** Only tests, benchmarks and the compiler use these. */
const LEFT_OUT = /^dist\/(test|bench|coverage|cli\/testing)\/|\.test\.[jt]s$|\.map$/
/** Of packages: types, maps and what one links against. */
const LEFT_OUT_OF_PACKAGES = /\.(map|d\.[cm]?ts|a|o|h)$/

/**
 * Every file by which an installation runs without network, npm and compiler, sorted. Hidden files and links are left out:
 * what a checkout keeps for itself, and what may lead outside.
 */
export async function installationFiles(root: string): Promise<InstallationFile[]> {
  const packages = await productionPackages(root)
  const folders = (await readdir(root, { withFileTypes: true })).filter(
    (entry) => entry.isDirectory() && FOLDERS.includes(entry.name),
  )
  const names = [
    ...FILES,
    ...(await Promise.all(folders.map(({ name }) => below(root, name)))).flat().filter(isNeeded),
    ...(await Promise.all(packages.map((folder) => below(root, folder, ['node_modules']))))
      .flat()
      .filter((name) => !LEFT_OUT_OF_PACKAGES.test(name)),
  ]
  const files = await Promise.all(names.sort().map((name) => describe(root, name)))
  return files.filter((file) => file !== undefined)
}

function isNeeded(name: string): boolean {
  return !LEFT_OUT.test(name)
}

async function below(root: string, folder: string, except: string[] = []): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])
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
