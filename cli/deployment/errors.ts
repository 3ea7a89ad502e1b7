/** Documented exit codes: 1 failed, 2 usage, 3 not ready or unreachable, 4 refused by policy. */
export type ExitCode = 1 | 2 | 3 | 4

export interface CliErrorFields {
  /** Stable, snake_case: scripts may compare it. */
  code: string
  /** One sentence that says what is wrong. */
  message: string
  /** What to do now: a command to run or a setting to change. */
  next: string
  exitCode?: ExitCode
  cause?: unknown
}

/** A failure the operator can act on; carries all that the command line prints, and never a stack. */
export class CliError extends Error {
  readonly code: string
  readonly next: string
  readonly exitCode: ExitCode

  constructor({ code, message, next, exitCode = 1, cause }: CliErrorFields) {
    super(message, cause === undefined ? {} : { cause })
    this.name = 'CliError'
    this.code = code
    this.next = next
    this.exitCode = exitCode
  }
}

/** Tells whether an unknown failure is a system error with the given code, such as `ENOENT`. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
