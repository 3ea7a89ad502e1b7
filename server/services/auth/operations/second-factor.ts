import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { hashRecoveryCode, readRecoveryCode } from '../factors/recovery-codes.js'
import { matchTotp } from '../factors/totp.js'
import { type Factor, factorSealContext, useRecoveryCode, useTotpStep } from '../models/factor.js'
import { attemptCode } from './attempts.js'

/** How a second factor was proved, as RFC 8176 names it: `otp` by an app; recovery codes have no name there. */
export type SecondFactorMethod = 'otp' | 'recovery'

/**
 * Checks a code against a person's factors and uses it up: of many callers with one code, one passes. Throws
 * InvalidCode otherwise; failures count against the account as wrong passwords do.
 */
export async function proveSecondFactor(
  ctx: Ctx,
  user: { id: string; email: string },
  factors: readonly Factor[],
  code: string,
): Promise<SecondFactorMethod> {
  const method: SecondFactorMethod = readRecoveryCode(code) === null ? 'otp' : 'recovery'
  const right = await attemptCode(ctx, user.email, () =>
    method === 'otp' ? takeTotp(ctx, factors, code) : takeRecoveryCode(ctx, user.id, code),
  )
  if (!right) throw new authErrors.InvalidCode()
  return method
}

/** Whether the code is one of these factors' and was not used before; it is used up by this. */
export async function takeTotp(ctx: Ctx, factors: readonly Factor[], code: string): Promise<boolean> {
  const bare = code.replace(/\s/g, '')
  for (const factor of factors) {
    const secret = ctx.secrets.unseal(factor.secretSealed, factorSealContext(factor.id))
    const step = matchTotp(bare, { secret, now: ctx.now(), lastUsedStep: factor.lastUsedStep })
    if (step === null) continue
    return ctx.db.transaction({ role: 'system', tenantId: null }, () => useTotpStep(ctx.db, factor.id, step))
  }
  return false
}

function takeRecoveryCode(ctx: Ctx, userId: string, code: string): Promise<boolean> {
  const hash = hashRecoveryCode(code, userId, ctx.secrets.key('token'))
  return ctx.db.transaction({ role: 'system', tenantId: null }, () =>
    useRecoveryCode(ctx.db, userId, hash, ctx.now()),
  )
}
