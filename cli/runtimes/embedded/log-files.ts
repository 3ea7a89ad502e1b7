import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'

/** Bounds of one component's log. */
export interface LogBounds {
  maxBytes: number
  /** Older files kept beside the current one: `server.log.1` is the newest of them. */
  keep: number
}

export const LOG_BOUNDS: LogBounds = { maxBytes: 10 * 1024 * 1024, keep: 4 }

/** Opens a log for a child to append to; the caller closes the descriptor. */
export function openLog(path: string): number {
  return openSync(path, 'a', 0o600)
}

/**
 * Rotates a log past its bound, by copy and truncate: the child writes to the file itself, so its log
 * outlives the supervisor. Only lines written in the microseconds before the truncation can be lost.
 */
export function rotateLog(path: string, { maxBytes, keep }: LogBounds = LOG_BOUNDS): boolean {
  const size = sizeOf(path)
  if (size === undefined || size <= maxBytes) return false
  rmSync(`${path}.${keep}`, { force: true })
  for (let number = keep - 1; number >= 1; number--) {
    if (sizeOf(`${path}.${number}`) !== undefined) renameSync(`${path}.${number}`, `${path}.${number + 1}`)
  }
  // Whoever follows the log finds an older file only once it is whole, and the current one begins anew.
  const copy = `${path}.copy`
  copyFileSync(path, copy, constants.COPYFILE_FICLONE)
  truncateCopied(path, copy)
  renameSync(copy, `${path}.1`)
  return true
}

/** Bytes in a log now; 0 when there is none. */
export function logSize(path: string): number {
  return sizeOf(path) ?? 0
}

/** The end of a log, at most `bytes` of it and nothing before `from`; the whole end after a rotation. */
export function logTail(path: string, from = 0, bytes = 4_096): string {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const { size } = fstatSync(file)
    const buffer = Buffer.alloc(Math.min(bytes, size >= from ? size - from : size))
    const read = readSync(file, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8', 0, read)
  } catch {
    return ''
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** What was appended while the copy was made is copied too, right before the truncation. */
function truncateCopied(path: string, copy: string): void {
  const source = openSync(path, 'r+')
  const target = openSync(copy, 'a')
  try {
    const buffer = Buffer.alloc(64 * 1024)
    for (let offset = fstatSync(target).size; ; ) {
      const read = readSync(source, buffer, 0, buffer.length, offset)
      if (read === 0) break
      offset += writeSync(target, buffer, 0, read)
    }
    ftruncateSync(source, 0)
  } finally {
    closeSync(source)
    closeSync(target)
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size
}
