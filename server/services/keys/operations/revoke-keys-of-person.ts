import type { Ctx } from '../../../kernel/context.js'
import type { StoredEvent } from '../../../kernel/events.js'
import { forgetAfterCommit } from '../key-registry.js'
import { revokeKeysOfOwner } from '../models/api-key.js'

/**
 * Revokes the keys of somebody who left an organisation: they stopped working at that moment, and must not come
 * back to life when the person does. Keys made after the event stay, however late it arrives.
 */
export async function revokeKeysOfMember(
  ctx: Ctx,
  event: StoredEvent<'tenancy.member.removed'>,
): Promise<void> {
  await revoke(ctx, event.payload.userId, event.occurredAt, 'owner left the organisation')
}

/** Revokes the keys, in every organisation, of somebody whose account is gone. */
export async function revokeKeysOfUser(ctx: Ctx, event: StoredEvent<'auth.user.deleted'>): Promise<void> {
  await ctx.system('a person may own keys in many organisations', () =>
    revoke(ctx, event.payload.userId, event.occurredAt, 'owner deleted'),
  )
}

async function revoke(ctx: Ctx, userId: string, madeUntil: Date, reason: string): Promise<void> {
  for (const { id, tenantId, hash } of await revokeKeysOfOwner(ctx, userId, madeUntil)) {
    forgetAfterCommit(ctx, hash)
    await ctx.audit({ action: 'key.revoked', target: id, tenantId, detail: { reason } })
    await ctx.emit('keys.key.revoked', { keyId: id }, tenantId)
  }
}
