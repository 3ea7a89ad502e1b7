import type { Ctx } from '../../../kernel/context.js'
import { authErrors } from '../errors.js'
import { base32Encode } from '../factors/base32.js'
import { hashRecoveryCode, newRecoveryCodes } from '../factors/recovery-codes.js'
import { newTotpSecret, totpUri } from '../factors/totp.js'
import {
  confirmFactor,
  countRecoveryCodes,
  deleteFactors,
  type Factor,
  factorSealContext,
  insertFactor,
  listFactors,
  MAX_FACTORS,
  replaceRecoveryCodes,
} from '../models/factor.js'
import { reauthenticateSession } from '../models/session.js'
import { lockUserRow } from '../models/user.js'
import { attemptCode } from './attempts.js'
import { requireOwnSession, requireRecentAuth, requireUser } from './guards.js'
import { forgetIdentity } from './open-session.js'
import { takeTotp } from './second-factor.js'

/** The caller's factors and how many recovery codes are left. */
export async function listOwnFactors(ctx: Ctx): Promise<{ factors: Factor[]; recoveryCodes: number }> {
  const { id } = requireUser(ctx)
  return { factors: await listFactors(ctx.db, id), recoveryCodes: await countRecoveryCodes(ctx.db, id) }
}

/** Adds a factor that does not count yet; its secret is shown this once. */
export async function addFactor(
  ctx: Ctx,
  name: string,
): Promise<{ factor: Factor; secret: string; uri: string }> {
  const { id: userId, email } = requireRecentAuth(ctx)
  await lockUserRow(ctx.db, userId)
  const existing = await listFactors(ctx.db, userId)
  if (existing.length >= MAX_FACTORS) throw new authErrors.TooManyFactors({ limit: MAX_FACTORS })
  const secret = newTotpSecret()
  const factor = await insertFactor(ctx.db, {
    userId,
    name,
    seal: (id) => ctx.secrets.seal(secret, factorSealContext(id)),
  })
  const uri = totpUri({ secret, issuer: ctx.config.VETRAI_NAME, account: email })
  return { factor, secret: base32Encode(secret), uri }
}

/**
 * Proves by a code that the app holds the factor's secret; from then on sign-in asks for it. With the first one
 * the person gets recovery codes, shown this once.
 */
export async function verifyFactor(
  ctx: Ctx,
  { factorId, code }: { factorId: string; code: string },
): Promise<{ factor: Factor; recoveryCodes: string[] | null }> {
  const { id: userId, email, sessionId } = requireOwnSession(ctx)
  const known = await ctx.transaction(() => listFactors(ctx.db, userId))
  const factor = known.find((one) => one.id === factorId)
  if (!factor) throw new authErrors.FactorNotFound()
  if (factor.confirmedAt === null) requireRecentAuth(ctx)
  if (!(await attemptCode(ctx, email, () => takeTotp(ctx, [factor], code))))
    throw new authErrors.InvalidCode()

  return ctx.transaction(async () => {
    const now = ctx.now()
    await lockUserRow(ctx.db, userId)
    const isFirst = !(await listFactors(ctx.db, userId)).some((one) => one.confirmedAt !== null)
    if (factor.confirmedAt === null) {
      await confirmFactor(ctx.db, factor.id, now)
      await ctx.emit('auth.factor.added', { userId, factorId: factor.id }, null)
    }
    const recoveryCodes = isFirst ? await renewCodes(ctx, userId) : null
    await reauthenticateSession(ctx.db, sessionId, { amr: ['otp'], aal: 2, now })
    forgetIdentity(ctx, userId)
    return { factor: { ...factor, confirmedAt: factor.confirmedAt ?? now }, recoveryCodes }
  })
}

/** Removes one of the caller's factors; with the last confirmed one the recovery codes go too. */
export async function removeFactor(ctx: Ctx, factorId: string): Promise<void> {
  const { id: userId } = requireRecentAuth(ctx)
  const factors = await listFactors(ctx.db, userId)
  const factor = factors.find((one) => one.id === factorId)
  if (!factor || (await deleteFactors(ctx.db, userId, factorId)) === 0) throw new authErrors.FactorNotFound()
  const others = factors.some((one) => one.id !== factorId && one.confirmedAt !== null)
  if (!others) await replaceRecoveryCodes(ctx.db, userId, [])
  if (factor.confirmedAt) await ctx.emit('auth.factor.removed', { userId, factorId }, null)
  forgetIdentity(ctx, userId)
}

/** New recovery codes for the caller, shown this once; all earlier ones are worthless. */
export async function renewRecoveryCodes(ctx: Ctx): Promise<string[]> {
  const { id: userId } = requireRecentAuth(ctx)
  const factors = await listFactors(ctx.db, userId)
  if (!factors.some((factor) => factor.confirmedAt !== null)) throw new authErrors.FactorNotFound()
  return renewCodes(ctx, userId)
}

async function renewCodes(ctx: Ctx, userId: string): Promise<string[]> {
  const codes = newRecoveryCodes()
  const key = ctx.secrets.key('token')
  await replaceRecoveryCodes(
    ctx.db,
    userId,
    codes.map((code) => hashRecoveryCode(code, userId, key)),
  )
  return codes
}
