/** What went wrong with a backup or a restore: a stable code, words, and what to do next. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
  readonly code: string
  readonly next: string

  constructor(code: string, message: string, next: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.next = next
  }
}
