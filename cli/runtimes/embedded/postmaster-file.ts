import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isSystemError } from '../../deployment/errors.js'
import { identify } from '../../deployment/process-identity.js'
import { stopProcess } from './stop-process.js'

/** What became of the postmaster.pid found in a data directory. */
export type PostmasterFinding = 'none' | 'stale' | 'stopped'

/**
 * Makes a data directory free to start on: removes a postmaster.pid whose process is gone or is by
 * now some other program, and stops a PostgreSQL that a killed supervisor left running.
 */
export async function clearPostmaster(dataDir: string): Promise<PostmasterFinding> {
  const file = join(dataDir, 'postmaster.pid')
  const pid = await readPid(file)
  const identity = pid === undefined ? undefined : identify(pid)
  if (identity === undefined || !(await servesDirectory(identity.pid, dataDir))) {
    await rm(file, { force: true })
    await removeSockets(dirname(dataDir))
    return pid === undefined ? 'none' : 'stale'
  }
  // SIGINT is the fast shutdown: clients are cut off, everything is flushed.
  await stopProcess(identity, 'SIGINT', 60_000)
  await rm(file, { force: true })
  return 'stopped'
}

/** A socket's lock file names a process too, and fools PostgreSQL in the same way. */
async function removeSockets(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const sockets = names.filter((name) => name.startsWith('.s.PGSQL.'))
  await Promise.all(sockets.map((name) => rm(join(folder, name), { force: true })))
}

async function readPid(file: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(file, 'utf8'), 10)
    // PostgreSQL writes a negative id in single-user mode.
    return Number.isNaN(pid) ? 0 : Math.abs(pid)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** A postmaster works in its data directory; elsewhere than on Linux PostgreSQL's own check must do. */
async function servesDirectory(pid: number, dataDir: string): Promise<boolean> {
  if (process.platform !== 'linux') return true
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(dataDir))
  } catch {
    return false
  }
}
