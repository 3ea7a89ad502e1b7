import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { findUser } from '../models/user.js'
import { requireSelf } from './guards.js'

/** The caller's own address, which they have proven to be theirs. The caller is a person, and nobody acts for them. */
export async function requireOwnAddress(ctx: Ctx): Promise<string> {
  const { id } = requireSelf(ctx)
  const user = await ctx.transaction(() => findUser(ctx.db, id))
  if (!user?.emailVerifiedAt) throw new authErrors.EmailNotVerified()
  return user.email
}
