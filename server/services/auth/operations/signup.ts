import type { Ctx } from '../../../kernel/context.js'
import { acceptInvitation, openInvitation } from '../../tenancy/api.js'
import { authErrors } from '../errors.js'
import { insertUser } from '../models/user.js'
import { hashPassword } from './attempts.js'
import { requireGoodPassword } from './guards.js'
import { requestToken } from './request-token.js'

export interface SignupInput {
  email: string
  password: string
  name?: string | undefined
  /** An organisation to make, with the new person as its administrator. */
  organization?: { name: string; slug?: string | undefined } | undefined
  /** Token of an invitation to this address. */
  invitation?: string | undefined
}

/** Whether the account was made at once, or waits for the link in a mail to be opened. */
export type SignupResult = 'account_made' | 'mail_sent_if_needed'

/** Signs a person up: at once by an invitation, which proves their address, else by a mail to it. */
export async function signup(ctx: Ctx, input: SignupInput): Promise<SignupResult> {
  if (input.invitation !== undefined) return signupByInvitation(ctx, input, input.invitation)
  await startSignup(ctx, input)
  return 'mail_sent_if_needed'
}

/**
 * Starts a sign-up. There is no account before the person proves that the address is theirs; whether it has one
 * already is said by mail only, to its owner. The answer and the work are the same in both cases.
 */
async function startSignup(ctx: Ctx, { email, password, name, organization }: SignupInput): Promise<void> {
  if (ctx.config.AUTH_SIGNUP !== 'open') throw new authErrors.SignupClosed()
  if (organization && !ctx.config.TENANCY_SELF_SERVICE) throw new authErrors.OrganizationsClosed()
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

/**
 * Makes an account for somebody who was invited, also where sign-up is closed, and accepts the invitation. Only the
 * reader of the mailbox has the token, so that an existing account may be named to them.
 */
async function signupByInvitation(
  ctx: Ctx,
  { email, password, name }: SignupInput,
  token: string,
): Promise<SignupResult> {
  await ctx.system('an invitation tells its tenant only when found', async () => {
    const { invitation } = await openInvitation(ctx, token)
    if (invitation.email !== email) throw new authErrors.InvitationForOther()
  })
  requireGoodPassword(ctx, password, { email, name: name ?? null })
  const passwordHash = await hashPassword(ctx, password)
  await ctx.system('an account belongs to no tenant', async () => {
    const user = await insertUser(ctx.db, { email, name: name ?? null, passwordHash, emailVerified: true })
    if (!user) throw new authErrors.AlreadyRegistered()
    const joined = await acceptInvitation(ctx, token, { id: user.id, email: user.email, emailVerified: true })
    ctx.auditActor = { kind: 'user', id: user.id }
    await ctx.audit({
      action: 'invitation.accepted',
      target: joined.invitationId,
      tenantId: joined.tenant.id,
      detail: { role: joined.role },
    })
    await ctx.audit({ action: 'user.signed_up', target: user.id, tenantId: null })
    await ctx.emit('auth.user.created', { userId: user.id }, null)
    await ctx.emit('auth.email.verified', { userId: user.id, email: user.email }, null)
  })
  return 'account_made'
}
