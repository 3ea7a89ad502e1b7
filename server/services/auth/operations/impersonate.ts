import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { membershipIn, readIdentity } from '../models/identity.js'
import { insertSession } from '../models/session.js'
import { findUser, type User } from '../models/user.js'
import { requireUser } from './guards.js'
import { forgetIdentity, type IssuedTokens, issueAccessToken, secondsAfter } from './open-session.js'

/** The longest an operator may act as somebody else at a time. */
export const IMPERSONATION_MAX_MINUTES = 60

/**
 * Lets an operator act as another person for a limited time. The token names both (RFC 8693 `act`), cannot be
 * refreshed and opens nothing that concerns passwords, factors or tokens; the person is told by mail, and their
 * organisation's audit log shows it. Nobody can act as somebody with a role of the installation.
 */
export async function impersonate(
  ctx: Ctx,
  {
    userId,
    reason,
    minutes,
    tenant,
  }: { userId: string; reason: string; minutes: number; tenant?: string | undefined },
): Promise<{ tokens: Omit<IssuedTokens, 'refreshToken'>; user: User }> {
  const operator = requireUser(ctx)
  if (operator.impersonatorId !== null) throw new authErrors.NotWhileImpersonating()
  if (operator.id === userId) throw new authErrors.NotYourself()
  const user = await findUser(ctx.db, userId)
  if (!user) throw new authErrors.UserNotFound()
  const identity = await readIdentity(ctx.db, userId)
  if (!identity || user.installationRole !== null) throw new authErrors.NotImpersonable()

  const now = ctx.now()
  const endsAt = secondsAfter(now, Math.min(minutes, IMPERSONATION_MAX_MINUTES) * 60)
  const membership = membershipIn(identity, tenant ?? operator.tenant?.id) ?? identity.memberships[0]
  if (tenant !== undefined && !membershipIn(identity, tenant)) throw new authErrors.TenantNotFound()
  const session = await insertSession(ctx.db, {
    userId,
    tenantId: membership?.tenant.id ?? null,
    ip: ctx.ip,
    userAgent: ctx.userAgent,
    amr: ['imp'],
    aal: 1,
    now,
    expiresAt: endsAt,
    endsAt,
    impersonatorId: operator.id,
    impersonationReason: reason,
  })
  await ctx.emit(
    'auth.impersonation.started',
    { userId, sessionId: session.id, endsAt: endsAt.toISOString(), reason },
    null,
  )
  if (membership) {
    const detail = { session_id: session.id, reason, ends_at: endsAt.toISOString() }
    await ctx.audit({ action: 'user.impersonated', target: userId, tenantId: membership.tenant.id, detail })
  }
  ctx.auditDetail = { session_id: session.id, reason, ends_at: endsAt.toISOString() }
  forgetIdentity(ctx, userId)
  const tokens = await issueAccessToken(ctx, session, identity, { untilEnd: true })
  return { tokens, user }
}
