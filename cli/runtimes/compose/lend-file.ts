import { constants } from 'node:fs'
import { chown, copyFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import { containerUser } from './owner.js'

/** A file as containers can read it; `release` when they no longer need to. */
export interface LentFile {
  path: string
  release(): Promise<void>
}

/**
 * Makes a file of this host readable for the containers' user: itself where it is, else a copy of that user's own (which costs no
 * room where the file system can share blocks). What an interrupted command left is replaced.
 */
export async function lendFile(deployment: Deployment, path: string): Promise<LentFile> {
  const user = containerUser(deployment)
  const { uid, gid, mode } = await stat(path)
  const bit = uid === user.uid ? 0o400 : gid === user.gid ? 0o040 : 0o004
  if ((mode & bit) !== 0 || process.getuid?.() !== 0) return { path, release: async () => undefined }
  const copy = join(deployment.paths.run, 'lent')
  const release = () => rm(copy, { force: true })
  await release()
  try {
    await copyFile(path, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    await chown(copy, user.uid, user.gid)
  } catch (error) {
    await release()
    throw error
  }
  return { path: copy, release }
}
