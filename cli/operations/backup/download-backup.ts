import { createWriteStream } from 'node:fs'
import { access, open, rename, rm, stat } from 'node:fs/promises'
import { CliError, isSystemError } from '../../deployment/errors.js'
import { requireTargets } from './backups.js'
import type { DownloadRequest } from './protocol.js'
import { type BackupContext, useTool } from './use-tool.js'

/** A backup as one file. */
export interface DownloadedBackup {
  id: string
  file: string
  size_bytes: number
}

/** Writes a backup into one file of its own, sealed as it is. The file is there whole or not at all; one that exists is not touched. */
export async function downloadBackup(
  context: BackupContext,
  request: DownloadRequest,
  file: string,
): Promise<DownloadedBackup> {
  requireTargets(context.deployment, request.target === undefined ? null : [request.target])
  await refuseExisting(file)
  const draft = `${file}.part`
  try {
    const output = createWriteStream(draft, { flags: 'w', mode: 0o600 })
    await useTool(context, { verb: 'download', request, output, needsStores: false })
    await syncFile(draft)
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw fileProblem(error, file)
  }
  return { id: request.id, file, size_bytes: (await stat(file)).size }
}

async function refuseExisting(file: string): Promise<void> {
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
