import { BackupError } from '../backup-error.js'
import { type DatabaseLogin, partsOf } from './open-client.js'

/** Refuses to drop, or make anew, the database that the login's URL names: that is the living one. */
export function refuseLiving({ url, role }: DatabaseLogin, name: string): void {
  if (partsOf({ url, role }).database !== name) return
  throw new BackupError({
    code: 'database_lives',
    message: `the database ${name} is the living one and is not dropped`,
    next: 'This is a fault of the program: report it.',
  })
}
