import type { Stats } from 'node:fs'
import { chown, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from '../../deployment/errors.js'
import type { ContainerUser } from './owner.js'

/** Of a folder that holds backups, the parts that a program reads. */
const PARTS = ['backups', 'objects']

/**
 * Lets containers read a file, or a folder of backups, that is closed to their user: root gives it to them for as long as they
 * need it, and answers what gives it back. Links are not followed. CliError `file_unreadable` where that cannot be done.
 */
export async function lend(path: string, user: ContainerUser): Promise<() => Promise<void>> {
  const lent: { path: string; uid: number; gid: number }[] = []
  const giveBack = async () => {
    for (const { path: place, uid, gid } of lent.reverse()) {
      await chown(place, uid, gid).catch(() => undefined)
    }
  }
  const take = async (place: string): Promise<Stats> => {
    const found = await lstat(place)
    if (found.isSymbolicLink() || isReadable(found, user)) return found
    await chown(place, user.uid, user.gid)
    lent.push({ path: place, uid: found.uid, gid: found.gid })
    return found
  }
  try {
    if ((await take(path)).isDirectory()) for (const part of PARTS) await takeBelow(join(path, part), take)
    return giveBack
  } catch (error) {
    await giveBack()
    throw unreadable(path, user, error)
  }
}

async function takeBelow(path: string, take: (path: string) => Promise<Stats>): Promise<void> {
  const found = await take(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!found?.isDirectory()) return
  for (const name of await readdir(path)) await takeBelow(join(path, name), take)
}

/** A folder must also be entered. */
function isReadable(found: Stats, { uid, gid }: ContainerUser): boolean {
  const wanted = found.isDirectory() ? 0o5 : 0o4
  const shift = found.uid === uid ? 6 : found.gid === gid ? 3 : 0
  return ((found.mode >> shift) & wanted) === wanted
}

function unreadable(path: string, { uid }: ContainerUser, cause: unknown): CliError {
  return new CliError({
    code: 'file_unreadable',
    message: `Containers run as user ${uid}, who may not read ${path}.`,
    next: `Let them: chown -R ${uid} '${path}'`,
    exitCode: 4,
    cause,
  })
}
