import { join } from 'node:path'
import { ensureDirectory } from './atomic-write.js'
import type { Deployment } from './deployment.js'
import { CliError } from './errors.js'
import { acquireLock } from './owner-lock.js'

/**
 * Runs long work of many steps (a rotation of secrets, a restore, an upgrade) as the only such one on this deployment. A lock of
 * its own: `up`, which each of them calls, has that of the deployment. CliError `deployment_busy` (exit 3) when another still
 * works after `waitMs`.
 */
export async function withLifecycleLock<T>(
  { paths }: Deployment,
  purpose: string,
  waitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  await ensureDirectory(paths.run)
  const taken = await acquireLock(join(paths.run, 'lifecycle.lock'), purpose, waitMs)
  if ('heldBy' in taken) {
    const { purpose: other, pid, since } = taken.heldBy
    throw new CliError({
      code: 'deployment_busy',
      message: `Another command works on this deployment: ${other} (process ${pid}, since ${since}).`,
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
