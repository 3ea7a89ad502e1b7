import { access, constants, readdir, realpath, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { CliError } from '../../deployment/errors.js'
import { fetchDebianPackages } from './apt-private-view.js'
import { cached, cacheFolder } from './cache-folder.js'
import { hostEnv } from './host-env.js'
import { installCommand } from './install-command.js'
import { runProgram } from './run-program.js'
import { canTraverse, chooseServiceUser, type ServiceUser } from './service-user.js'

/** A Redis or Valkey server program that the service user may run. */
export interface RedisBinary {
  engine: 'redis' | 'valkey'
  version: string
  command: string
  /** Further environment it needs: LD_LIBRARY_PATH for one that is not installed. */
  env: Record<string, string>
}

const OLDEST = [6, 2] as const
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

const PACKAGE_NAMES = {
  ...{ apt: 'redis-server', dnf: 'valkey', yum: 'redis', apk: 'valkey' },
  ...{ pacman: 'valkey', zypper: 'redis', brew: 'valkey' },
}

/**
 * Provides a Redis or Valkey: one on the PATH, else one cached, else Debian's packages unpacked into
 * the cache without installing anything. CliError `redis_unavailable` names the command that installs
 * one. `onFetch` is told before anything is downloaded.
 */
export async function provideRedis(
  options: { path?: string; cacheRoot?: string; onFetch?: () => void } = {},
): Promise<RedisBinary> {
  const { cacheRoot = cacheFolder(), onFetch } = options
  return (await findRedis(options)) ?? (await fetchToCache(cacheRoot, onFetch))
}

/** The one that `provideRedis` would give without fetching anything; undefined where there is none yet. */
export async function findRedis(
  options: { path?: string; cacheRoot?: string } = {},
): Promise<RedisBinary | undefined> {
  const { path = hostEnv().path, cacheRoot = cacheFolder() } = options
  return (await findOnPath(path, chooseServiceUser())) ?? (await findCached(cacheRoot))
}

async function findOnPath(path: string, user: ServiceUser | undefined): Promise<RedisBinary | undefined> {
  for (const folder of path.split(delimiter).filter((one) => one.startsWith('/'))) {
    for (const engine of ['redis-server', 'valkey-server']) {
      const command = join(folder, engine)
      if (!(await isRunnable(command, user))) continue
      const binary = await identifyBinary(command, {})
      if (binary) return binary
    }
  }
  return undefined
}

async function findCached(cacheRoot: string): Promise<RedisBinary | undefined> {
  const folders = await readdir(cacheRoot).catch(() => [])
  for (const name of folders.filter((one) => /^(redis|valkey)-[\d.]+$/.test(one)).sort()) {
    const binary = await unpackedBinary(join(cacheRoot, name))
    if (binary) return binary
  }
  return undefined
}

async function fetchToCache(cacheRoot: string, onFetch?: () => void): Promise<RedisBinary> {
  const apt = await isRunnable('/usr/bin/apt-get', undefined)
  if (!apt || !(await isRunnable('/usr/bin/dpkg', undefined))) throw await unavailable()
  onFetch?.()
  // First unpacked under a provisional name: the version is known only then.
  const fetch = async (draft: string) => {
    // Whoever had the lock before may have fetched it.
    if (!(await findCached(cacheRoot))) await unpackRunnable(draft)
  }
  const { folder } = await cached('redis-fetched', fetch, cacheRoot).catch(async (cause: unknown) =>
    Promise.reject(await unavailable(cause)),
  )
  const fetched = await unpackedBinary(folder)
  if (fetched)
    await rename(folder, join(cacheRoot, `${fetched.engine}-${fetched.version}`)).catch(() => undefined)
  await rm(folder, { recursive: true, force: true })
  const binary = await findCached(cacheRoot)
  if (binary) return binary
  throw await unavailable()
}

/** Small systems lack libraries that Redis needs beyond its own five packages: then all of them are fetched. */
async function unpackRunnable(folder: string): Promise<void> {
  await fetchDebianPackages(PACKAGES, folder, { withLibraries: false })
  if (await unpackedBinary(folder)) return
  await fetchDebianPackages(PACKAGES, folder, { withLibraries: true })
  if (!(await unpackedBinary(folder))) throw new Error('the downloaded redis-server does not run')
}

async function unpackedBinary(folder: string): Promise<RedisBinary | undefined> {
  const libraries = await libraryFolders(folder)
  return identifyBinary(join(folder, 'usr', 'bin', 'redis-server'), { LD_LIBRARY_PATH: libraries.join(':') })
}

async function libraryFolders(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const lib of [join(folder, 'usr', 'lib'), join(folder, 'lib')]) {
    const names = await readdir(lib).catch(() => [])
    found.push(...names.filter((name) => name.includes('-linux-')).map((name) => join(lib, name)), lib)
  }
  return found
}

/** Asks a program for its version; undefined when it does not run or is too old. */
async function identifyBinary(
  command: string,
  env: Record<string, string>,
): Promise<RedisBinary | undefined> {
  const result = await runProgram(command, ['--version'], { env, timeoutMs: 5_000 }).catch(() => undefined)
  const match = /^(redis|valkey) server v=(\d+)\.(\d+)(\.\d+)?/i.exec(result?.stdout ?? '')
  if (!match) return undefined
  const [, engine = '', major = '0', minor = '0', patch = ''] = match
  const [oldMajor, oldMinor] = OLDEST
  if (Number(major) < oldMajor || (Number(major) === oldMajor && Number(minor) < oldMinor)) return undefined
  return {
    engine: engine.toLowerCase() === 'valkey' ? 'valkey' : 'redis',
    version: `${major}.${minor}${patch}`,
    command,
    env,
  }
}

async function isRunnable(command: string, user: ServiceUser | undefined): Promise<boolean> {
  try {
    await access(command, constants.X_OK)
    return user === undefined || (await canTraverse(dirname(await realpath(command)), user))
  } catch {
    return false
  }
}

async function unavailable(cause?: unknown): Promise<CliError> {
  const reason = cause instanceof Error ? `: ${cause.message}` : ' on this kind of system'
  const command = await installCommand(PACKAGE_NAMES)
  return new CliError({
    code: 'redis_unavailable',
    message: `There is no Redis or Valkey (6.2 or newer) here, and none could be fetched${reason}.`,
    next: `${command ? `Run: ${command}` : 'Install Redis or Valkey with the package manager of this system'} (or set redis.url to a Redis of your own)`,
    cause,
  })
}
