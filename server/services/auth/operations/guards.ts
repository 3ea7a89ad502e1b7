import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import type { UserPrincipal } from '../../../kernel/principal.js'
import { authErrors } from '../errors.js'
import type { PasswordProblem } from '../passwords/policy.js'
import { contextWords, judgePassword } from '../passwords/policy.js'
import { authState } from '../state.js'

/** A sign-in counts as recent for ten minutes. */
export const RECENT_SECONDS = 600

export interface SessionPrincipal extends UserPrincipal {
  readonly sessionId: string
}

/** The caller, who must be a person (by session or access token). */
export function requireUser(ctx: Ctx): UserPrincipal {
  const { principal } = ctx
  if (principal.kind !== 'user') throw new kernelErrors.Forbidden({ permission: 'auth.account.read' })
  return principal
}

/** The caller, who must be a person and nobody acting for them. */
export function requireSelf(ctx: Ctx): UserPrincipal {
  refuseImpersonator(ctx)
  return requireUser(ctx)
}

/** Throws where the caller acts for somebody else: what they would leave behind outlives the time they were given. */
export function refuseImpersonator({ principal }: Ctx): void {
  if (principal.kind === 'user' && principal.impersonatorId !== null)
    throw new authErrors.NotWhileImpersonating()
}

/** The caller, who must be a person in a session of their own: no token, no key, nobody acting for them. */
export function requireOwnSession(ctx: Ctx): SessionPrincipal {
  const principal = requireSelf(ctx)
  if (principal.sessionId === null) throw new authErrors.SessionRequired()
  return { ...principal, sessionId: principal.sessionId }
}

/**
 * As requireOwnSession, and the password or a code was given in the last ten minutes. Who has a second factor must have
 * proved it in this session: one that was opened before the factor was added is worth no more than a password.
 */
export function requireRecentAuth(ctx: Ctx): SessionPrincipal {
  const principal = requireOwnSession(ctx)
  const isOld = ctx.now().getTime() / 1000 - principal.authenticatedAt > RECENT_SECONDS
  if (isOld || (principal.hasFactor && principal.aal < 2)) {
    throw new authErrors.ReauthenticationRequired()
  }
  return principal
}

/** Throws WeakPassword unless the password is good enough for this account. */
export function requireGoodPassword(
  ctx: Ctx,
  password: string,
  account: { email: string; name?: string | null },
): void {
  const names = [ctx.config.VETRAI_NAME, 'vetrai', ...(account.name ? [account.name] : [])]
  const problem: PasswordProblem | null = judgePassword(password, {
    common: authState(ctx.resources).commonPasswords(),
    context: contextWords({ email: account.email, names }),
  })
  if (problem) throw new authErrors.WeakPassword({ problem })
}
