import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { atomicWrite, ensureDirectory } from '../../deployment/atomic-write.js'
import { isSystemError } from '../../deployment/errors.js'
import { acquireLock } from '../../deployment/owner-lock.js'
import { identifySelf, isAlive } from '../../deployment/process-identity.js'
import { hostEnv } from './host-env.js'

/** Who still needs the cache: a deployment directory, or a living process such as a test run. */
type Lease = { dir: string } | { pid: number; start: string }

/**
 * Folder of programs shared by all deployments of this user, readable by every user: for root
 * /var/cache/vetrai, because other users cannot enter root's home.
 */
export function cacheFolder(): string {
  if (process.getuid?.() === 0) return '/var/cache/vetrai'
  return join(hostEnv().xdgCacheHome ?? join(homedir(), '.cache'), 'vetrai')
}

/**
 * Gives the cached folder `name`, made by `build` if it is missing. The folder appears whole or not
 * at all; of several processes one builds and the others wait.
 */
export async function cached(
  name: string,
  build: (folder: string) => Promise<void>,
  root = cacheFolder(),
): Promise<{ folder: string; built: boolean }> {
  const folder = join(root, name)
  if (await exists(folder)) return { folder, built: false }
  await ensureDirectory(root, 0o755)
  const lock = await acquireLock(join(root, `.${name}.lock`), 'build', 300_000)
  if ('heldBy' in lock) throw new Error(`process ${lock.heldBy.pid} has been building ${folder} for too long`)
  const draft = join(root, `.${name}.${randomBytes(6).toString('hex')}`)
  try {
    if (await exists(folder)) return { folder, built: false }
    await removeDrafts(root, name)
    await mkdir(draft, { mode: 0o755 })
    await build(draft)
    await rename(draft, folder)
    return { folder, built: true }
  } finally {
    await rm(draft, { recursive: true, force: true })
    await lock.release()
  }
}

/** Notes that a deployment (by directory) or this very process needs the cache. */
export async function leaseCache(id: string, dir?: string, root = cacheFolder()): Promise<void> {
  const { pid, start } = identifySelf()
  const lease: Lease = dir === undefined ? { pid, start } : { dir }
  await ensureDirectory(root, 0o755)
  await ensureDirectory(join(root, 'users'), 0o755)
  await dropStaleLeases(join(root, 'users'))
  await atomicWrite(join(root, 'users', `${id}.json`), JSON.stringify(lease), 0o644)
}

/** Gives up a lease; the whole cache is removed with its last user. */
export async function releaseCache(id: string, root = cacheFolder()): Promise<{ removed: boolean }> {
  const users = join(root, 'users')
  await rm(join(users, `${id}.json`), { force: true })
  if (!(await exists(users))) return { removed: false }
  if ((await dropStaleLeases(users)) > 0) return { removed: false }
  return { removed: await removeUnused(root) }
}

/** Moved away first: whoever took a lease in the last moment gets the cache back instead of half of it. */
async function removeUnused(root: string): Promise<boolean> {
  const grave = `${root}.${randomBytes(6).toString('hex')}`
  await rename(root, grave)
  const isUsed = (await dropStaleLeases(join(grave, 'users'))) > 0
  if (isUsed && !(await exists(root))) {
    await rename(grave, root)
    return false
  }
  await rm(grave, { recursive: true, force: true })
  return true
}

/** Forgets users that are gone and tells how many remain. */
async function dropStaleLeases(users: string): Promise<number> {
  let remaining = 0
  for (const file of (await readdir(users)).filter((name) => name.endsWith('.json'))) {
    if (await isCurrent(join(users, file))) remaining++
    else await rm(join(users, file), { force: true })
  }
  return remaining
}

async function isCurrent(file: string): Promise<boolean> {
  try {
    const lease = JSON.parse(await readFile(file, 'utf8')) as Lease
    return 'dir' in lease ? await exists(join(lease.dir, 'lock.json')) : isAlive(lease)
  } catch {
    return false
  }
}

async function removeDrafts(root: string, name: string): Promise<void> {
  const drafts = (await readdir(root)).filter(
    (file) => file.startsWith(`.${name}.`) && !file.includes('.lock'),
  )
  await Promise.all(drafts.map((file) => rm(join(root, file), { recursive: true, force: true })))
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}
