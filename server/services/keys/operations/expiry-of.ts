import type { Ctx } from '../../../kernel/context.js'
import { keyErrors } from '../errors.js'

type ExpiryInput = { expires_at?: string | null | undefined; expires_in_days?: number | undefined }

const DAY_MS = 86_400_000

/** When the key shall expire: a moment in the future, null for never, undefined where nothing was said. */
export function expiryOf(ctx: Ctx, input: ExpiryInput): Date | null | undefined {
  const now = ctx.now().getTime()
  if (input.expires_in_days !== undefined) return new Date(now + input.expires_in_days * DAY_MS)
  if (input.expires_at === undefined || input.expires_at === null) return input.expires_at
  const at = new Date(input.expires_at)
  if (at.getTime() <= now) throw new keyErrors.ExpiryPast()
  return at
}
