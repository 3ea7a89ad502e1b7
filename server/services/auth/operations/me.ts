import type { Ctx } from '../../../kernel/context.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import { loadIdentity } from '../authenticators.js'
import { authErrors } from '../errors.js'
import { type Identity, membershipIn, readIdentity } from '../models/identity.js'
import { findLiveSession, setSessionTenant } from '../models/session.js'
import { updateUser } from '../models/user.js'
import { requireRecentAuth, requireSelf, requireUser } from './guards.js'
import { forgetIdentity, type IssuedTokens, issueAccessToken } from './open-session.js'
import { requestToken } from './request-token.js'

/**
 * The caller's account: as known at most 800 ms ago, like every credential, and forgotten in every process when it
 * changes; within a system transaction as that sees it.
 */
export async function readMe(ctx: Ctx): Promise<Identity> {
  const { id } = requireUser(ctx)
  const identity = await (ctx.db.inTransaction ? readIdentity(ctx.db, id) : loadIdentity(ctx.resources, id))
  if (!identity) throw new authErrors.UserNotFound()
  return identity
}

/**
 * Changes the caller's name at once. A new address takes effect when the link mailed to it is opened, and needs a
 * recent sign-in; whether it belongs to somebody else is not told here.
 */
export async function updateMe(
  ctx: Ctx,
  { name, email }: { name?: string | null | undefined; email?: string | undefined },
): Promise<void> {
  const { id } = requireSelf(ctx)
  if (email !== undefined) {
    requireRecentAuth(ctx)
    await requestToken(ctx, { purpose: 'verify_email', email, userId: id, payload: { kind: 'change_email' } })
  }
  if (name !== undefined) {
    await updateUser(ctx.db, id, { name })
    forgetIdentity(ctx, id)
  }
}

/** Lets the caller's session act in another of their organisations; their other devices stay where they are. */
export async function switchTenant(
  ctx: Ctx,
  tenant: string,
): Promise<{
  tokens: Omit<IssuedTokens, 'refreshToken'>
  tenant: { id: string; slug: string; role: MembershipRole }
}> {
  const { id, sessionId } = requireUser(ctx)
  if (sessionId === null) throw new authErrors.SessionRequired()
  const identity = await readIdentity(ctx.db, id)
  const membership = identity ? membershipIn(identity, tenant) : undefined
  const session = await findLiveSession(ctx.db, sessionId, ctx.now())
  if (!identity || !membership || !session) throw new authErrors.TenantNotFound()

  await setSessionTenant(ctx.db, sessionId, membership.tenant.id)
  forgetIdentity(ctx, id)
  const tokens = await issueAccessToken(ctx, { ...session, tenantId: membership.tenant.id }, identity)
  return { tokens, tenant: { id: membership.tenant.id, slug: membership.tenant.slug, role: membership.role } }
}
