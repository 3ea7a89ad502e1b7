import { join } from 'node:path'
import { ensureDirectory } from '../../deployment/atomic-write.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { acquireLock } from '../../deployment/owner-lock.js'

/**
 * Runs work as the only one who rotates secrets of this deployment. A lock of its own: `up`, which a rotation calls, has that of
 * the deployment. CliError `deployment_busy` (exit 3) when another still works after `waitMs`.
 */
export async function withRotationLock<T>(
  { paths }: Deployment,
  waitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  await ensureDirectory(paths.run)
  const taken = await acquireLock(join(paths.run, 'secrets.lock'), 'secrets rotate', waitMs)
  if ('heldBy' in taken) {
    const { pid, since } = taken.heldBy
    throw new CliError({
      code: 'deployment_busy',
      message: `Another command rotates secrets of this deployment (process ${pid}, since ${since}).`,
      next: 'Wait until it has finished, then try again.',
      exitCode: 3,
    })
  }
  try {
    return await work()
  } finally {
    await taken.release()
  }
}
