import { chmod, lstat, mkdir, readFile, readlink, realpath, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory } from '../../deployment/atomic-write.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError, isSystemError } from '../../deployment/errors.js'
import { readLock } from '../../deployment/lock-file.js'
import type { StoreAddresses } from '../../deployment/server-env.js'
import { ensureOwnedFolder } from './postgres-cluster.js'
import { canTraverse, type ServiceUser } from './service-user.js'
import { postgresUrl, redisUrl } from './store-sockets.js'

/** Where the stores of a deployment that was brought up listen. */
export async function storeAddresses(deployment: Deployment): Promise<StoreAddresses> {
  const { config, lock, paths } = deployment
  const [postgres, redis] = await Promise.all(
    ['postgres', 'redis'].map((name) => realpath(join(paths.data, name)).catch(() => '')),
  )
  return {
    ...(!config.database.url && { databaseUrl: postgresUrl(postgres ?? '', lock.ports.postgres ?? 0) }),
    ...(!config.redis.url && { redisUrl: redisUrl(redis ?? '', lock.ports.redis ?? 0) }),
  }
}

/** Where data goes that the service user cannot reach inside the deployment directory. */
export const OUTSIDE_ROOT = '/var/lib/vetrai'

/**
 * Gives the folder that holds the data of one store (`postgres`, `redis`), owned by the user it runs
 * as: data/NAME, or, when root's directory is closed to that user, /var/lib/vetrai/ID/NAME with
 * data/NAME as a link to it. The choice is made once and noted in lock.json.
 */
export async function storeFolder(
  deployment: Deployment,
  name: string,
  user: ServiceUser | undefined,
  outsideRoot = OUTSIDE_ROOT,
): Promise<string> {
  const place = join(deployment.paths.data, name)
  const existing = await whatIs(place)
  if (existing === undefined) return createStore(deployment, place, { name, user, outsideRoot })
  if (existing !== 'folder') {
    await guardOutside(deployment, existing.link)
    await ensureOwnedFolder(existing.link, user)
    return existing.link
  }
  await refuseForeignOwner(place, user)
  if (user === undefined || (await canTraverse(place, user))) return place
  throw new CliError({
    code: 'data_unreachable',
    message: `The user ${user.name}, which ${name} runs as, can no longer enter ${place}.`,
    next: `Open the folders above it for passing through: chmod o+x ${deployment.dir} (and its parents)`,
  })
}

/** The folder that `storeFolder` would give, where it was chosen before; undefined where it was not. Makes nothing. */
export async function knownStoreFolder(deployment: Deployment, name: string): Promise<string | undefined> {
  const place = join(deployment.paths.data, name)
  const existing = await whatIs(place)
  return existing === undefined || existing === 'folder' ? existing && place : existing.link
}

async function createStore(
  deployment: Deployment,
  place: string,
  { name, user, outsideRoot }: { name: string; user: ServiceUser | undefined; outsideRoot: string },
): Promise<string> {
  if (user === undefined || (await canTraverse(deployment.paths.data, user))) {
    await ensureOwnedFolder(place, user)
    return place
  }
  await ensureDirectory(outsideRoot, 0o711)
  const outside = join(outsideRoot, deployment.id)
  // Noted first: an uninstall then finds the folder, however this ends.
  await deployment.updateLock((lock) => ({ ...lock, outside: [...new Set([...lock.outside, outside])] }))
  await ensureDirectory(outside, 0o711)
  await guardOutside(deployment, join(outside, name))
  await ensureOwnedFolder(join(outside, name), user)
  await symlink(join(outside, name), place)
  return join(outside, name)
}

/** A copied deployment directory must not start on the data of its original. */
async function guardOutside(deployment: Deployment, folder: string): Promise<void> {
  const note = join(folder, '..', 'deployment-dir')
  const owner = (await readFile(note, 'utf8').catch(() => '')).trim()
  if (owner !== '' && owner !== deployment.dir && (await isSameDeployment(owner, deployment.id))) {
    throw new CliError({
      code: 'deployment_copied',
      message: `${deployment.dir} is a copy of ${owner}; both would use the data in ${folder}.`,
      next: `Use the original (--dir ${owner}), or create a new deployment with: vetrai init --dir NEW_DIR`,
      exitCode: 4,
    })
  }
  await mkdir(join(folder, '..'), { recursive: true, mode: 0o711 })
  await writeFile(note, `${deployment.dir}\n`, { mode: 0o600 })
  await chmod(note, 0o600)
}

async function isSameDeployment(dir: string, id: string): Promise<boolean> {
  const lock = await readLock(join(dir, 'lock.json')).catch(() => undefined)
  return lock?.id === id
}

async function refuseForeignOwner(place: string, user: ServiceUser | undefined): Promise<void> {
  const { uid } = await stat(place)
  const expected = user?.uid ?? process.getuid?.() ?? uid
  if (uid === expected) return
  throw new CliError({
    code: 'data_owner_mismatch',
    message: `${place} belongs to user id ${uid}, but would be run as user id ${expected}.`,
    next: `Run vetrai as the user who created the deployment, or as root: chown -R ${expected} ${place}`,
    exitCode: 4,
  })
}

async function whatIs(path: string): Promise<'folder' | { link: string } | undefined> {
  try {
    const found = await lstat(path)
    return found.isSymbolicLink() ? { link: await readlink(path) } : 'folder'
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}
