import type { z } from 'zod'
import { BackupError } from '../../../backup/backup-error.js'

/** What the program answered, which may be of another version than this server. */
export function resultOf<T>(schema: z.ZodType<T>, result: unknown): T {
  const parsed = schema.safeParse(result)
  if (parsed.success) return parsed.data
  throw new BackupError({
    code: 'tool_failed',
    message: 'The program that works on backups answered what this server does not understand.',
    next: 'Bring all of the deployment to one version with: vetrai up',
  })
}
