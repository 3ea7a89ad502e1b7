import { chmod, lstat, mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { hostEnv } from './host-env.js'
import { planPath } from './plan.js'

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const LONGEST_PATH = 100

/**
 * Chooses the control socket of a deployment: in its run folder, or, when that path is too long for a
 * socket, in a fresh private folder among the user's temporary files.
 */
export async function chooseSocket(runFolder: string): Promise<string> {
  const inside = join(runFolder, 'supervisor.sock')
  if (Buffer.byteLength(inside) <= LONGEST_PATH) return inside
  const known = await knownSocket(runFolder)
  if (known !== undefined && known !== inside && (await isOurs(dirname(known)))) return known
  const folder = await mkdtemp(join(hostEnv().xdgRuntimeDir ?? tmpdir(), 'vetrai-'))
  await chmod(folder, 0o700)
  return join(folder, 's')
}

/** Temporary files are swept, and their names are then free for anybody: the folder must still be ours alone. */
async function isOurs(folder: string): Promise<boolean> {
  const info = await lstat(folder).catch(() => undefined)
  return info?.isDirectory() === true && info.uid === process.getuid?.() && (info.mode & 0o077) === 0
}

/** The socket that the last plan named; undefined before the first `up`. */
export async function knownSocket(runFolder: string): Promise<string | undefined> {
  try {
    const plan: unknown = JSON.parse(await readFile(planPath(runFolder), 'utf8'))
    return plan !== null && typeof plan === 'object' && 'socket' in plan ? String(plan.socket) : undefined
  } catch {
    return undefined
  }
}
