import type { Ctx } from '../../../kernel/context.js'
import { keyErrors } from '../errors.js'
import { forgetAfterCommit } from '../key-registry.js'
import { type ApiKey, type ApiKeyChanges, hashOfKey, updateKey as storeChanges } from '../models/api-key.js'
import { setCredits } from '../models/key-credits.js'
import { keyState } from '../rules/key-verdict.js'
import type { UpdateKeyInput } from '../schemas.js'
import { expiryOf } from './expiry-of.js'
import { lockVisibleKey } from './find-visible-key.js'
import { reload } from './issue-key.js'
import { limitsFrom } from './limits-from.js'
import { stayWithin } from './stay-within.js'

/**
 * Changes the fields given and no others. The key as it would become must be within what the caller can do
 * itself. A revoked key stays as it is.
 */
export async function updateKey(ctx: Ctx, keyId: string, input: UpdateKeyInput): Promise<ApiKey> {
  const key = await lockVisibleKey(ctx, keyId)
  ctx.authorize('keys.manage', key)
  if (keyState(key, ctx.now()) === 'revoked') throw new keyErrors.NotAlive({ state: 'revoked' })
  const changes = changesFrom(ctx, input)
  await stayWithin(ctx, { ...key, ...defined(changes) })

  await storeChanges(ctx, key.id, changes)
  if (input.credits !== undefined) await setCredits(ctx, key.lineageId, input.credits)
  await forgetKey(ctx, key.id)
  const fields = Object.keys(input)
  await ctx.emit('keys.key.updated', { keyId: key.id, fields })
  ctx.auditDetail = { fields }
  return reload(ctx, key.id)
}

/** Has every process read this key anew once the transaction commits. */
export async function forgetKey(ctx: Ctx, keyId: string): Promise<void> {
  const hash = await hashOfKey(ctx, keyId)
  if (hash) forgetAfterCommit(ctx, hash)
}

function changesFrom(ctx: Ctx, input: UpdateKeyInput): ApiKeyChanges {
  const { name, scopes, meta, enabled } = input
  return defined({
    name,
    scopes: scopes && [...new Set(scopes)],
    meta,
    enabled,
    allowedIps: input.allowed_ips,
    rateLimits: input.rate_limits && limitsFrom(input.rate_limits),
    onLeak: input.on_leak,
    expiresAt: expiryOf(ctx, input),
  })
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
