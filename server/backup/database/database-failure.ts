import { BackupError } from '../backup-error.js'

/** What a connection that broke looks like: SQLSTATE classes, codes of sockets, and the words of pg without a code. */
const LOST_CODE = /^(08|57P0[1-5]$|ECONN|EPIPE$|ETIMEDOUT$|EHOSTUNREACH$|ENOTFOUND$|ERR_STREAM_)/
const LOST_WORDS =
  /Connection terminated|not queryable|Client has encountered a connection error|Premature close/

/** An error of PostgreSQL, or of the way to it, in words for whom it stops; errors that already are such stay. */
export function databaseFailure(error: unknown, doing: string): BackupError {
  if (error instanceof BackupError) return error
  const { code = '', message = String(error) } = error as { code?: string; message?: string }
  const says = `${doing}: ${message}`
  if (LOST_CODE.test(code) || LOST_WORDS.test(message))
    return new BackupError({
      code: 'database_lost',
      message: `${says} (the connection to PostgreSQL is lost)`,
      next: 'See that PostgreSQL runs and has memory and disk space, then run the command again.',
      cause: error,
    })
  return new BackupError({ code: 'database_failed', message: says, next: nextOf(code), cause: error })
}

function nextOf(code: string): string {
  if (code === '55P03' || code === '40P01')
    return 'Another session holds a lock, such as a running migration. Run the command again when it has ended.'
  if (code === '53100') return 'The disk of PostgreSQL is full. Make room and run the command again.'
  if (code === '53300')
    return 'PostgreSQL has no free connection for this role. End other backups, or run it later.'
  if (code === '28P01' || code === '28000' || code === '42501')
    return 'Run `vetrai migrate up`, which aligns roles, passwords and grants, then run the command again.'
  return 'Read the log of PostgreSQL for more, then run the command again.'
}
