import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { bytes } from '../views/format.js'
import { type Check, type Finding, fail, ok, warn } from './check.js'

const GIB = 1024 ** 3
const LEAST = GIB / 2
const COMFORTABLE = 2 * GIB
/** Every table and index is a file or more; images are tens of thousands. */
const LEAST_FILES = 1_000
const COMFORTABLE_FILES = 20_000

/** What a file system has room for. `files` is 0 where it makes room for files as it goes. */
export interface Space {
  place: string
  free: number
  total: number
  freeFiles: number
  files: number
}

/** The disk that holds the data has room: PostgreSQL stops accepting writes when it is full. */
export const disk: Check = {
  name: 'disk',
  title: 'Disk space',
  stages: ['up', 'doctor'],
  remedy: `Make room: ${bytes(COMFORTABLE)} free is comfortable, below ${bytes(LEAST)} nothing starts.`,
  run: async ({ dir }) => judgeDisk(await spaceAt(dir)),
}

/** Judges the bytes and files an ordinary user may still write. */
export function judgeDisk(
  { place, free, total, freeFiles, files }: Space,
  { least, comfortable } = { least: LEAST, comfortable: COMFORTABLE },
): Finding {
  if (files > 0 && freeFiles < COMFORTABLE_FILES) {
    const detail = `room for ${freeFiles} more of ${files} files at ${place} (inodes)`
    const remedy = `Remove small files: df -i ${place} counts them.`
    return freeFiles < LEAST_FILES ? fail(detail, remedy) : warn(detail, remedy)
  }
  const detail = `${bytes(free)} of ${bytes(total)} free at ${place}`
  if (free < least) return fail(detail)
  return free < comfortable ? warn(detail) : ok(detail)
}

/** What the file system has room for that holds, or would hold, a path. */
export async function spaceAt(path: string): Promise<Space> {
  try {
    return await spaceOf(path)
  } catch (error) {
    const parent = dirname(path)
    if (parent === path) throw error
    return spaceAt(parent)
  }
}

/** What the file system has room for that holds this very path; rejects where it cannot be seen. */
export async function spaceOf(path: string): Promise<Space> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(path)
  return { place: path, free: bavail * bsize, total: blocks * bsize, freeFiles: ffree, files }
}
