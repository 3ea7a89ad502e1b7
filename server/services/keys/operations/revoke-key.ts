import type { Ctx } from '../../../kernel/context.js'
import { type ApiKey, updateKey as storeChanges } from '../models/api-key.js'
import { lockVisibleKey } from './find-visible-key.js'
import { reload } from './issue-key.js'
import { forgetKey } from './update-key.js'

/**
 * Revokes a key in every process within a second. Safe to repeat: a revoked key keeps its first revocation
 * time, so audit entries stay true when a client retries.
 */
export async function revokeKey(ctx: Ctx, keyId: string): Promise<ApiKey> {
  const key = await lockVisibleKey(ctx, keyId)
  ctx.authorize('keys.manage', key)
  if (key.revokedAt) return key

  await storeChanges(ctx, key.id, { revokedAt: ctx.now() })
  await forgetKey(ctx, key.id)
  await ctx.emit('keys.key.revoked', { keyId: key.id })
  return reload(ctx, key.id)
}
