import { chmod, chown, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import { walFolder } from './point-in-time/repository.js'

/** The numeric identity that every container of a deployment runs as. */
export interface ContainerUser {
  uid: number
  gid: number
}

/** What containers run as where the operator is root: an identity that owns nothing else on a host. */
const SERVICE_USER: ContainerUser = { uid: 10_001, gid: 10_001 }

/**
 * Who the containers run as: the operator, so that secrets of mode 0600 can be read by them and by nobody else; a number
 * without a name where the operator is root. Chosen once and kept in lock.json.
 */
export function containerUser(deployment: Deployment): ContainerUser {
  if (deployment.lock.user) return deployment.lock.user
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  return uid === 0 ? SERVICE_USER : { uid, gid }
}

/** Gives what containers read and write to their user. Only root can give away; others own it already. Safe to repeat. */
export async function giveToContainers(deployment: Deployment, user: ContainerUser): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { secrets, generated, mail, objects, backups, recovery } = deployment.paths
  // The folder of the secrets stays root's: containers are handed single files of it.
  await giveFiles(secrets, user)
  await giveFiles(generated, user)
  await giveFiles(recovery, user)
  for (const folder of [generated, mail, objects, backups, recovery]) await chown(folder, user.uid, user.gid)
  const archive = deployment.config.backup.wal ? walFolder(deployment) : undefined
  if (archive !== undefined) await chown(archive, user.uid, user.gid)
}

async function giveFiles(folder: string, user: ContainerUser): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await giveFiles(path, user)
    else if (!entry.isFile()) continue
    await chown(path, user.uid, user.gid)
    await chmod(path, entry.isFile() ? 0o600 : 0o700)
  }
}
