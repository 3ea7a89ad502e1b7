import { errorView } from '../views/error-view.js'
import { describeError } from './describe-error.js'
import { paintFor, wantsJson, writeResult, writeTalk } from './output.js'

/**
 * Shows a failure once, as `{ "error": … }` on standard output with `--json` and as text on standard
 * error without, and answers the exit code.
 */
export function reportError(error: unknown, argv: readonly string[]): number {
  const { error: shown, exitCode } = describeError(error)
  if (process.env.DEBUG?.includes('vetrai') && error instanceof Error) writeTalk(String(error.stack))
  if (exitCode === 0) return 0
  if (wantsJson(argv)) writeResult(JSON.stringify({ error: shown }, null, 2))
  else writeTalk(errorView(shown, paintFor(process.stderr, argv)))
  return exitCode
}
