import { chown, mkdir, stat } from 'node:fs/promises'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { ContainerUser } from './owner.js'
import { targetFolders } from './services.js'

/**
 * Makes the folders elsewhere that backups go to, as no container starts without what it mounts. One that is there is left as
 * it is. CliError `target_missing` where one cannot be made.
 */
export async function makeTargetFolders({ config }: Deployment, user: ContainerUser): Promise<void> {
  for (const folder of targetFolders(config)) {
    try {
      if (await isFolder(folder)) continue
      await mkdir(folder, { recursive: true, mode: 0o700 })
      if (process.getuid?.() === 0) await chown(folder, user.uid, user.gid)
    } catch (error) {
      throw new CliError({
        code: 'target_missing',
        message: `Backups go to ${folder}, and that folder can neither be found nor be made: ${error instanceof Error ? error.message : String(error)}`,
        next: 'Mount it, or take the target out: vetrai config edit (backup.targets)',
        cause: error,
      })
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
