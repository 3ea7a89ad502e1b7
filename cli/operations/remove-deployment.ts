import { readdir, rm, rmdir } from 'node:fs/promises'
import type { Deployment } from '../deployment/deployment.js'
import { isSystemError } from '../deployment/errors.js'
import type { Progress, Runtime } from '../runtimes/runtime.js'

/** What `uninstall` removed; `left` names what was not VetrAI's and stays. */
export interface RemoveResult {
  name: string
  dir: string
  removed: boolean
  left: string[]
}

/**
 * Stops a deployment and removes everything of it, inside and outside its directory. Files that VetrAI
 * did not make stay, and with them the directory. Safe to repeat after an interruption.
 */
export async function removeDeployment(
  deployment: Deployment,
  runtime: Runtime,
  progress: Progress,
): Promise<RemoveResult> {
  await runtime.down(deployment, progress)
  await runtime.uninstall(deployment, progress)
  // The configuration goes last: while it is there, an interrupted removal can be repeated.
  const { config, lock, ...rest } = deployment.paths
  for (const path of [...Object.values(rest), lock, config]) await rm(path, { recursive: true, force: true })
  const left = await namesIn(deployment.dir)
  if (left.length === 0) await rmdir(deployment.dir).catch(ignoreMissing)
  return { name: deployment.name, dir: deployment.dir, removed: left.length === 0, left }
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: unknown) => {
    ignoreMissing(error)
    return []
  })
}

function ignoreMissing(error: unknown): void {
  if (!isSystemError(error, 'ENOENT', 'EBUSY')) throw error
}
