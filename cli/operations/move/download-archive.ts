import { access, rm } from 'node:fs/promises'
import { CliError } from '../../deployment/errors.js'
import { downloadBackup } from '../backup/download-backup.js'
import { type MoveWork, note } from './move-work.js'

/** Writes the last backup into the file of a move by archive. A file that this move wrote whole is left as it is. */
export async function downloadArchive(work: MoveWork): Promise<void> {
  const { file, backup, sent } = work.state
  if (file === null || backup === null)
    throw new Error('there is no backup to write, or no file to write it to')
  if (sent !== null && (await isThere(file))) return
  // One of an earlier rest of this move: it lacks what was accepted since.
  if (work.state.place_began) await rm(file, { force: true })
  else await refuseFile(file)
  await note(work, { place_began: true })
  const { size_bytes: bytes } = await downloadBackup(work, { id: backup }, file)
  await note(work, { sent: { bytes, sha256: '' } })
}

/** Refuses a file that is there and not of this move. */
export async function refuseFile(file: string): Promise<void> {
  if (!(await isThere(file))) return
  throw new CliError({
    code: 'file_exists',
    message: `${file} exists already.`,
    next: 'Remove it, or name another file.',
    exitCode: 4,
  })
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
