import type { z } from 'zod'
import type { InputProblem } from './define-errors.js'

/** Problems that an answer lists: a small body of junk must not make a large answer. */
export const PROBLEM_LIMIT = 100

/** What a schema refused, as a caller is told of it; `base` is where in the input the refused value stands. */
export function problemsOf(error: z.ZodError, base: readonly PropertyKey[] = []): InputProblem[] {
  const issues = error.issues.slice(0, PROBLEM_LIMIT)
  return issues.flatMap((issue) => problemsOfIssue(issue, base)).slice(0, PROBLEM_LIMIT)
}

function problemsOfIssue(issue: z.core.$ZodIssue, base: readonly PropertyKey[]): InputProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, PROBLEM_LIMIT).map((key) => ({
      pointer: pointerTo([...base, ...issue.path, key]),
      code: 'unknown',
      message: 'is not a known field',
    }))
  }
  return [{ pointer: pointerTo([...base, ...issue.path]), code: issue.code, message: issue.message }]
}

/** RFC 6901 pointer. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
