import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { bytes } from '../views/format.js'
import { type Check, fail, ok, warn } from './check.js'

const GIB = 1024 ** 3
const LEAST = GIB / 2
const COMFORTABLE = 2 * GIB

/** The disk that holds the data has room: PostgreSQL stops accepting writes when it is full. */
export const disk: Check = {
  name: 'disk',
  title: 'Disk space',
  stages: ['up', 'doctor'],
  remedy: `Make room: ${bytes(COMFORTABLE)} free is comfortable, below ${bytes(LEAST)} nothing starts.`,
  run: async ({ dir }) => {
    const { place, free, total } = await spaceAt(dir)
    return judgeDisk(free, total, place)
  },
}

/** Judges the bytes an ordinary user may still write. */
export function judgeDisk(free: number, total: number, place: string) {
  const detail = `${bytes(free)} of ${bytes(total)} free at ${place}`
  if (free < LEAST) return fail(detail)
  return free < COMFORTABLE ? warn(detail) : ok(detail)
}

/** Free and total bytes of the file system that holds, or would hold, a path. */
export async function spaceAt(path: string): Promise<{ place: string; free: number; total: number }> {
  try {
    const { bavail, blocks, bsize } = await statfs(path)
    return { place: path, free: bavail * bsize, total: blocks * bsize }
  } catch (error) {
    const parent = dirname(path)
    if (parent === path) throw error
    return spaceAt(parent)
  }
}
