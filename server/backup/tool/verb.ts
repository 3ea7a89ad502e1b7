import type { Writable } from 'node:stream'
import type { z } from 'zod'
import { BackupError } from '../backup-error.js'
import type { ToolContext } from './context.js'

/** One thing that the program does: its result is printed as JSON; undefined where it wrote to `output` itself. */
export type Verb = (context: ToolContext, request: unknown, output: Writable) => Promise<unknown>

/** Declares a verb: its request is checked before it runs. */
export function verb<S extends z.ZodType>(
  schema: S,
  run: (context: ToolContext, request: z.output<S>, output: Writable) => Promise<unknown>,
): Verb {
  return async (context, request, output) => {
    const parsed = schema.safeParse(request)
    if (parsed.success) return run(context, parsed.data, output)
    const words = parsed.error.issues
      .map(({ path, message }) => `${path.join('.')} ${message}`.trim())
      .join('; ')
    throw new BackupError({
      code: 'request_invalid',
      message: `This cannot be asked for: ${words}.`,
      next: 'See what can be with --help.',
    })
  }
}
