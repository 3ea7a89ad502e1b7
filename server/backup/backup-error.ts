export interface BackupErrorFields {
  /** Stable, snake_case: scripts may compare it. */
  readonly code: string
  /** One sentence that says what is wrong; holds no secret. */
  readonly message: string
  /** What to do now. */
  readonly next: string
  readonly cause?: unknown
}

/** A backup, or a place for backups, that cannot be used as asked; says what to do about it. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
  readonly code: string
  readonly next: string

  constructor({ code, message, next, cause }: BackupErrorFields) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.next = next
  }
}

/** The error for bytes that are not those that were written. */
export function damaged(name: string, what: string, cause?: unknown): BackupError {
  return new BackupError({
    code: 'damaged',
    message: `${name} is damaged: ${what}.`,
    next: 'Use another copy of this backup (another target, a downloaded file) or another backup. `vetrai backup verify` tells which are whole.',
    cause,
  })
}

/** The error for a name that a target does not hold. */
export function missing(store: string, name: string): BackupError {
  return new BackupError({
    code: 'not_found',
    message: `${store} holds no ${name}.`,
    next: 'List what is there with `vetrai backup list`. A file that a backup names and that is gone makes that backup useless: use another copy.',
  })
}
