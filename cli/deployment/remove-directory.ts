import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Deployment } from './deployment.js'

/**
 * Removes what VetrAI made in a deployment's directory, and the directory when nothing else is in it. Backups stay: whoever
 * has the recovery key can go back to them. lock.json goes last
 * among the contents, so that an interrupted removal can be repeated.
 */
export async function removeDirectory(deployment: Deployment): Promise<void> {
  const { dir, paths } = deployment
  await removeRemakable(deployment)
  for (const path of [
    paths.data,
    paths.mail,
    paths.objects,
    paths.journal,
    paths.secrets,
    paths.recovery,
    paths.upgrade,
    // How far a restore or a move was.
    join(dir, 'restore.json'),
    join(dir, 'move.json'),
    paths.lock,
    paths.config,
  ]) {
    await rm(path, { recursive: true, force: true })
  }
  await removeIfEmpty(paths.backups)
  await removeIfEmpty(dir)
  // The home of deployments that were given no directory of their own.
  if (basename(dirname(dir)) === '.vetrai') await removeIfEmpty(dirname(dir))
}

/** Removes what the next `up` makes again. */
export async function removeRemakable({ paths }: Deployment): Promise<void> {
  for (const path of [paths.generated, paths.compose, paths.logs, paths.run]) {
    await rm(path, { recursive: true, force: true })
  }
}

/** What the operator put there besides stays, and so does its folder. */
export async function removeIfEmpty(folder: string): Promise<void> {
  const isFolder = await lstat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (isFolder && (await readdir(folder)).length === 0) await rmdir(folder)
}
