import { BackupError } from '../backup-error.js'
import { partName } from '../manifest.js'

/** Throws `bad_name` unless this is a name that files of a target may have: no such name leaves it. */
export function checkName(name: string): void {
  if (partName.safeParse(name).success) return
  throw new BackupError({
    code: 'bad_name',
    message: `${JSON.stringify(name.slice(0, 80))} is no name of a file of a backup.`,
    next: 'Whatever names this was not written by VetrAI: use another copy of the backup.',
  })
}

/** Where a name begins that is listed: empty, or the beginning of a name, a slash at its end included. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkName(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
}
