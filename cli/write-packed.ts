import { readdirSync } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pack } from './pack.js'

/** Build step: writes dist/packed, the programs as they are started. Paths below it are those below dist. */
const dist = dirname(dirname(fileURLToPath(import.meta.url)))
const packed = join(dist, 'packed')

const PROGRAMS = [
  'server/main.js',
  'server/migrate.js',
  'server/backup-tool.js',
  'cli/main.js',
  'cli/runtimes/embedded/supervisor-main.js',
]

/** What oclif finds by path, from the manifest and from package.json. */
const FOUND_BY_PATH = ['cli/base/help.js', ...below('cli/commands'), ...below('cli/hooks')]

const written = new Set(await pack({ dist, outdir: packed, files: [...PROGRAMS, ...FOUND_BY_PATH] }))
await copyFile(join(dist, 'oclif.manifest.json'), join(packed, 'oclif.manifest.json'))

// What an earlier build packed and this one did not.
for (const file of readdirSync(packed, { recursive: true, withFileTypes: true })) {
  const path = join(file.parentPath, file.name)
  if (file.isFile() && /\.js(\.map)?$/.test(file.name) && !written.has(path)) await rm(path)
}

function below(folder: string): string[] {
  return readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.endsWith('.test.js'))
    .map((file) => join(folder, file))
}
