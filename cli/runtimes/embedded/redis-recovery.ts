import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../../deployment/errors.js'

/** What Redis and Valkey say when their files cannot be loaded; a cut-off end is not among it, they mend that. */
const DAMAGE =
  /Bad file format reading the append only file|Unrecoverable error reading the append only file|Wrong signature trying to load DB|Internal error in RDB|RDB CRC error|rdb file reading failure|Invalid AOF manifest|AOF manifest file/i

const FILES = ['appendonlydir', 'dump.rdb']

/**
 * Sets aside the files of a Redis that died because it could not read them, so that it starts empty:
 * nothing is kept only there. The latest damaged files stay beside, named `….damaged`. True when moved.
 */
export async function setAsideDamagedFiles(folder: string, log: string): Promise<boolean> {
  if (!DAMAGE.test(log)) return false
  const moved = await Promise.all(FILES.map((name) => setAside(join(folder, name))))
  return moved.includes(true)
}

async function setAside(path: string): Promise<boolean> {
  try {
    await rm(`${path}.damaged`, { recursive: true, force: true })
    await rename(path, `${path}.damaged`)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}
