import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Release } from '../../cli/release/release.js'
import { docker } from './docker.js'

/** What a version made for a test has otherwise than the one it is made from. */
export interface VersionChanges {
  version: string
  /** Its one further migration: a name, the body of its `up`, and whether the version before runs on after it. */
  migration?: { name: string; body: string; compatible: boolean }
  /** In the place of the server's program. */
  program?: string
  release?: Partial<Release>
}

/** Versions of the server as images, each a few files on top of an image that there is. */
export class TestVersions {
  readonly #repository = `vetrai-version-${randomBytes(3).toString('hex')}`
  readonly #made: string[] = []

  constructor(private readonly base: string) {}

  async make(tag: string, { version, migration, program, release = {} }: VersionChanges): Promise<string> {
    const image = `${this.#repository}:${tag}`
    const folder = await mkdtemp(join(tmpdir(), 'vetrai-version-'))
    const container = await docker('create', this.base)
    try {
      const put = async (path: string, text: string) => {
        const file = join(folder, 'file')
        await writeFile(file, text, { mode: 0o644 })
        await docker('cp', file, `${container}:/app/${path}`)
      }
      const own = JSON.parse(await this.#read('release.json')) as Release
      const incompatible = migration && !migration.compatible ? [migration.name] : []
      await put(
        'release.json',
        JSON.stringify({
          ...own,
          version,
          ...(migration && { schema_version: migration.name }),
          migrations: { ...own.migrations, incompatible: [...own.migrations.incompatible, ...incompatible] },
          ...release,
        }),
      )
      const manifest = JSON.parse(await this.#read('package.json')) as object
      await put('package.json', JSON.stringify({ ...manifest, version }))
      if (migration) {
        const body = `export default { about: 'a test', async up({ query }) { ${migration.body} } }`
        await put(`dist/migrations/${migration.name}.js`, body)
      }
      if (program) await put('dist/packed/server/main.js', program)
      await docker('commit', container, image)
      this.#made.push(image)
      return image
    } finally {
      await docker('rm', '--force', container)
      await rm(folder, { recursive: true, force: true })
    }
  }

  async remove(): Promise<void> {
    for (const image of this.#made.splice(0)) await docker('rmi', '--force', image).catch(() => undefined)
  }

  #read(path: string): Promise<string> {
    return docker('run', '--rm', '--network', 'none', '--entrypoint', 'cat', this.base, path)
  }
}
