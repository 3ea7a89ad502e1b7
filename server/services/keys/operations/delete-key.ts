import type { Ctx } from '../../../kernel/context.js'
import { removeKey } from '../models/api-key.js'
import { lockVisibleKey } from './find-visible-key.js'
import { forgetKey } from './update-key.js'

/** Removes a key for good: from then on its text is that of no key at all. Its use stays on record. */
export async function deleteKey(ctx: Ctx, keyId: string): Promise<void> {
  const key = await lockVisibleKey(ctx, keyId)
  ctx.authorize('keys.manage', key)
  await forgetKey(ctx, key.id)
  await removeKey(ctx, key)
  await ctx.emit('keys.key.deleted', { keyId: key.id })
  ctx.auditDetail = { name: key.name }
}
