/** What the exit code of every command means; documented in the help, the reference and the README. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notReady: 3, refused: 4 } as const

/** One of the five documented exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit codes with their meaning, in the order they are shown. */
export const EXIT_CODES: readonly { code: ExitCode; meaning: string }[] = [
  { code: EXIT.ok, meaning: 'done' },
  { code: EXIT.failed, meaning: 'it failed; the message says why and what to do next' },
  { code: EXIT.usage, meaning: 'the command line is wrong or an answer is missing' },
  { code: EXIT.notReady, meaning: 'the deployment is not there, not running, not ready or not reachable' },
  { code: EXIT.refused, meaning: 'refused by policy: not allowed, or not confirmed' },
]
