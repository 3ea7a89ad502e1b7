import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { hashPassword } from './attempts.js'
import { requireGoodPassword } from './guards.js'
import { requestToken } from './request-token.js'

export interface SignupInput {
  email: string
  password: string
  name?: string | undefined
  /** An organisation to make, with the new person as its administrator. */
  organization?: { name: string; slug?: string | undefined } | undefined
}

/**
 * Starts a sign-up. There is no account before the person proves that the address is theirs; whether it has one
 * already is said by mail only, to its owner. The answer and the work are the same in both cases.
 */
export async function signup(ctx: Ctx, { email, password, name, organization }: SignupInput): Promise<void> {
  if (ctx.config.AUTH_SIGNUP !== 'open') throw new authErrors.SignupClosed()
  requireGoodPassword(ctx, password, { email, name: name ?? null })
  const passwordHash = await hashPassword(ctx, password)
  await ctx.transaction(() =>
    requestToken(ctx, {
      purpose: 'sign_up',
      email,
      payload: {
        kind: 'sign_up',
        passwordHash,
        name: name ?? null,
        organization: organization
          ? { name: organization.name, ...(organization.slug ? { slug: organization.slug } : {}) }
          : null,
      },
    }),
  )
}
