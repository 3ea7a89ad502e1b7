import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError } from '../../deployment/errors.js'
import type { ToolMount } from '../../runtimes/backup-tool.js'
import { listBackups } from './backups.js'
import type { BackupSource } from './protocol.js'
import type { BackupContext } from './use-tool.js'

/** A backup as a command line names it, and what the program must be shown to read it. */
export interface FoundSource {
  source: BackupSource
  mounts: ToolMount[]
}

const ID = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/
/** Stands for the id of the newest backup. */
export const NEWEST = 'latest'

/** Finds the backup that a word means: an id, `latest`, or the path of a downloaded file. */
export async function findSource(
  context: BackupContext,
  word: string,
  target: string | undefined,
): Promise<FoundSource> {
  if (word === NEWEST || ID.test(word)) {
    const id = await findId(context, word, target)
    return { source: { id, ...(target !== undefined && { target }) }, mounts: [] }
  }
  const file = resolve(word)
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (isThere) return { source: { file }, mounts: [{ path: file }] }
  throw new CliError({
    code: 'backup_unknown',
    message: `"${word}" is neither the id of a backup nor a file.`,
    next: 'See the ids with: vetrai backup list',
    exitCode: 2,
  })
}

/** Finds the id that a word means: itself, or with `latest` that of the newest. */
export async function findId(
  context: BackupContext,
  word: string,
  target: string | undefined,
): Promise<string> {
  if (ID.test(word)) return word
  if (word !== NEWEST) throw notAnId(word)
  const { backups } = await listBackups(context, target === undefined ? null : [target])
  const newest = backups[0]
  if (newest) return newest.id
  throw new CliError({
    code: 'no_backup',
    message: 'There is no backup yet.',
    next: 'Make one with: vetrai backup create',
  })
}

function notAnId(word: string): CliError {
  return new CliError({
    code: 'backup_unknown',
    message: `"${word}" is not the id of a backup.`,
    next: 'See the ids with: vetrai backup list',
    exitCode: 2,
  })
}
