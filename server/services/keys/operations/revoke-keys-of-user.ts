import type { Ctx } from '../../../kernel/context.js'
import { forgetAfterCommit } from '../key-registry.js'
import { revokeKeysOfOwner } from '../models/api-key.js'

/**
 * Revokes every key of a person whose account is gone. They stopped working when the account did; this says so
 * in their organisations' lists. Safe to repeat: a revoked key keeps its time.
 */
export async function revokeKeysOfUser(ctx: Ctx, userId: string): Promise<void> {
  await ctx.system('a person may own keys in many organisations', async () => {
    for (const key of await revokeKeysOfOwner(ctx, userId)) {
      forgetAfterCommit(ctx, key.hash)
      await ctx.audit({
        action: 'key.revoked',
        target: key.id,
        tenantId: key.tenantId,
        detail: { reason: 'owner deleted' },
      })
      await ctx.emit('keys.key.revoked', { keyId: key.id }, key.tenantId)
    }
  })
}
