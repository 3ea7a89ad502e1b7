import type { Ctx } from '../../../kernel/context.js'
import { keyErrors } from '../errors.js'
import { type ApiKey, findKey, lockKey } from '../models/api-key.js'
import { canSeeKey } from '../policy.js'

/** The key with this id if the caller may see it; any other id answers "not found", whatever is behind it. */
export async function findVisibleKey(ctx: Ctx, keyId: string): Promise<ApiKey> {
  return visible(ctx, await findKey(ctx, keyId))
}

/** Like findVisibleKey, and keeps others from changing the key until the transaction ends. */
export async function lockVisibleKey(ctx: Ctx, keyId: string): Promise<ApiKey> {
  return visible(ctx, await lockKey(ctx, keyId))
}

function visible(ctx: Ctx, key: ApiKey | null): ApiKey {
  if (!key || !canSeeKey(ctx.principal, key)) throw new keyErrors.NotFound()
  return key
}
