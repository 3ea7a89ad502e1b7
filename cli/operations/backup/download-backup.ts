import { requireTargets } from './backups.js'
import type { DownloadRequest } from './protocol.js'
import { type BackupContext, useTool } from './use-tool.js'
import { writeNewFile } from './write-new-file.js'

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
  const size = await writeNewFile(file, (output) =>
    useTool(context, { verb: 'download', request, output, needsStores: false }),
  )
  return { id: request.id, file, size_bytes: size }
}
