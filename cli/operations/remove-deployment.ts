import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Deployment } from '../deployment/deployment.js'
import { isSystemError } from '../deployment/errors.js'
import type { Progress, Runtime } from '../runtimes/runtime.js'
import { removableUnits, uninstallService } from './uninstall-service.js'

/** What `uninstall` removed; `left` names what stays: what was not VetrAI's, or with `data_kept` the data. */
export interface RemoveResult {
  name: string
  dir: string
  removed: boolean
  data_kept: boolean
  /** Folder of the backups that stay; null where there are none. */
  backups: string | null
  left: string[]
}

/**
 * Stops a deployment and removes everything of it, inside and outside its directory, the unit that starts it at boot
 * included. Files that VetrAI did not make stay, and with them the directory.
 */
export async function removeDeployment(
  deployment: Deployment,
  runtime: Runtime,
  progress: Progress,
  { keepData = false }: { keepData?: boolean } = {},
): Promise<RemoveResult> {
  await removableUnits(deployment)
  await runtime.down(deployment, progress)
  await uninstallService(deployment, { now: true })
  await runtime.uninstall(deployment, progress, { keepData })
  const { name, dir, paths } = deployment
  const found = await namesIn(dir)
  const backups = found.includes(basename(paths.backups)) ? paths.backups : null
  const left = keepData ? found : found.filter((one) => join(dir, one) !== backups)
  return { name, dir, removed: found.length === 0, data_kept: keepData, backups, left }
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  })
}
