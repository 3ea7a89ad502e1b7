import { appendFile, cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Release } from '../../cli/release/release.js'
import type { VersionChanges } from './versions.js'

const ROOT = join(fileURLToPath(import.meta.url), '..', '..', '..', '..')
/** What an installation runs by; tests, sources and what only builds them are left out. */
const COPIED = ['bin', 'package.json', 'release.json', 'dist/packed', 'dist/migrations', 'dist/templates']
const LINKED = ['node_modules', 'compose', 'docs', 'templates', 'web', 'dist/server', 'dist/cli']

/** Versions of the whole program as folders, as somebody has them who unpacks one beside the other. */
export class ProgramVersions {
  constructor(private readonly folder: string) {}

  /** Makes one, and gives its folder. */
  async make(tag: string, changes: VersionChanges): Promise<string> {
    const root = join(this.folder, `vetrai-${tag}`)
    await Promise.all(COPIED.map((path) => cp(join(ROOT, path), join(root, path), { recursive: true })))
    await Promise.all(LINKED.map((path) => symlink(join(ROOT, path), join(root, path))))
    await change(root, changes)
    return root
  }
}

async function change(root: string, changes: VersionChanges): Promise<void> {
  const { version, migration, program, release = {} } = changes
  const own = JSON.parse(await readFile(join(root, 'release.json'), 'utf8')) as Release
  const incompatible = migration && !migration.compatible ? [migration.name] : []
  await put(root, 'release.json', {
    ...own,
    version,
    ...(migration && { schema_version: migration.name }),
    migrations: { ...own.migrations, incompatible: [...own.migrations.incompatible, ...incompatible] },
    ...release,
  })
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as object
  await put(root, 'package.json', { ...manifest, version })
  if (migration) {
    const body = `export default { about: 'a test', async up({ query }) { ${migration.body} } }`
    await writeFile(join(root, 'dist', 'migrations', `${migration.name}.js`), body)
  }
  const packed = join(root, 'dist', 'packed')
  const commands = JSON.parse(await readFile(join(packed, 'oclif.manifest.json'), 'utf8')) as object
  await put(packed, 'oclif.manifest.json', { ...commands, version })
  // Two versions never have the very same programs.
  await appendFile(join(packed, 'cli/runtimes/embedded/supervisor-main.js'), `\n// ${version}\n`)
  await appendFile(join(packed, 'server/main.js'), `\n// ${version}\n`)
  if (program) await writeFile(join(packed, 'server/main.js'), program)
}

async function put(root: string, path: string, value: object): Promise<void> {
  await writeFile(join(root, path), JSON.stringify(value))
}
