import type { Ctx } from '../../../kernel/context.js'
import { keyErrors } from '../errors.js'
import { type ApiKey, updateKey as storeChanges } from '../models/api-key.js'
import { impersonates } from '../policy.js'
import { keyState } from '../rules/key-verdict.js'
import { lockVisibleKey } from './find-visible-key.js'
import { type IssuedKey, issueKey, reload } from './issue-key.js'
import { stayWithin } from './stay-within.js'
import { forgetKey } from './update-key.js'

/**
 * Gives a key a successor with the same rights, limits and credits (shared, so that rotating neither loses nor
 * doubles them). The old key lives `graceS` seconds more, never past its own expiry; with 0 it is revoked at
 * once. A key is rotated once: whoever races gets 409.
 */
export async function rotateKey(ctx: Ctx, keyId: string, graceS: number): Promise<IssuedKey> {
  const key = await lockVisibleKey(ctx, keyId)
  ctx.authorize('keys.manage', key)
  if (impersonates(ctx.principal)) throw new keyErrors.Impersonated()
  const state = keyState(key, ctx.now())
  if (state === 'revoked' || state === 'expired') throw new keyErrors.NotAlive({ state })
  if (key.rotatedTo) throw new keyErrors.AlreadyRotated({ successorId: key.rotatedTo })
  await stayWithin(ctx, key)

  const successor = await issueKey(ctx, { ...successorOf(key), predecessor: key })
  const graceUntil = graceEnd(key, graceS, ctx.now())
  await storeChanges(ctx, key.id, {
    rotatedTo: successor.key.id,
    ...(graceUntil ? { graceUntil } : { revokedAt: ctx.now() }),
  })
  await forgetKey(ctx, key.id)
  await ctx.emit('keys.key.rotated', {
    keyId: key.id,
    successorId: successor.key.id,
    graceUntil: graceUntil?.toISOString() ?? null,
  })
  ctx.auditDetail = { successor_id: successor.key.id, grace_s: graceS }
  return { text: successor.text, key: await reload(ctx, successor.key.id) }
}

function successorOf(key: ApiKey) {
  const { name, environment, ownerUserId, ceilingRoles, scopes, allowedIps } = key
  const { rateLimits, meta, enabled, onLeak, expiresAt } = key
  return {
    ...{ name, environment, ownerUserId, ceilingRoles, scopes, allowedIps },
    ...{ rateLimits, meta, enabled, onLeak, expiresAt },
  }
}

/** End of the old key's life; null for now. A grace time it already has (after a leak) is never made longer. */
function graceEnd(key: ApiKey, graceS: number, now: Date): Date | null {
  if (graceS === 0) return null
  const wanted = new Date(now.getTime() + graceS * 1000)
  return key.graceUntil && key.graceUntil < wanted ? key.graceUntil : wanted
}
