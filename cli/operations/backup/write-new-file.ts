import { createWriteStream, type WriteStream } from 'node:fs'
import { access, open, rename, rm, stat } from 'node:fs/promises'
import { CliError, isSystemError } from '../../deployment/errors.js'

/**
 * Writes a file that does not exist yet, readable by its owner only; answers its length. It is there whole or not at all, and
 * one that exists is not touched.
 */
export async function writeNewFile(
  file: string,
  write: (output: WriteStream) => Promise<unknown>,
): Promise<number> {
  await refuseExisting(file)
  const draft = `${file}.part`
  try {
    await write(createWriteStream(draft, { flags: 'w', mode: 0o600 }))
    await syncFile(draft)
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw fileProblem(error, file)
  }
  return (await stat(file)).size
}

/** Refuses a file that exists: CliError `file_exists`. */
export async function refuseExisting(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (!isThere) return
  throw new CliError({
    code: 'file_exists',
    message: `${file} exists already.`,
    next: 'Remove it, or name another file.',
    exitCode: 4,
  })
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function fileProblem(error: unknown, file: string): unknown {
  if (!isSystemError(error, 'ENOSPC', 'EACCES', 'EPERM', 'ENOENT', 'EROFS', 'EDQUOT', 'EISDIR')) return error
  return new CliError({
    code: 'file_unwritable',
    message: `${file} cannot be written: ${error.message}`,
    next: 'Make room, or name a file in a folder that you may write to.',
    cause: error,
  })
}
