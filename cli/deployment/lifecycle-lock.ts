import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory } from './atomic-write.js'
import type { Deployment } from './deployment.js'
import { CliError } from './errors.js'
import { acquireLock } from './owner-lock.js'

/** Purpose of whoever settles a restore that was cut short before anything else. */
const RESTORE = 'restore'

/** Where a restore notes how far it is. */
export const RESTORE_STATE = 'restore.json'

/**
 * Runs long work of many steps (a rotation of secrets, a restore, an upgrade) as the only such one on this deployment. A lock of
 * its own: `up`, which each of them calls, has that of the deployment. CliError `deployment_busy` (exit 3) when another still
 * works after `waitMs`. CliError `restore_unsettled` (exit 3) while a restore that was cut short is not settled: all but a restore
 * would work on data that may yet give way.
 */
export async function withLifecycleLock<T>(
  { dir, paths }: Deployment,
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
    if (purpose !== RESTORE) await refuseHalfRestored(dir)
    return await work()
  } finally {
    await taken.release()
  }
}

async function refuseHalfRestored(dir: string): Promise<void> {
  const isSettled = await access(join(dir, RESTORE_STATE)).then(
    () => false,
    () => true,
  )
  if (isSettled) return
  throw new CliError({
    code: 'restore_unsettled',
    message: 'A restore was cut short, and is not settled yet.',
    next: 'Settle it with `vetrai up`, then try again.',
    exitCode: 3,
  })
}
