import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { listKeys as fetchKeys } from '../models/api-key.js'
import { managesAllKeys, personOf } from '../policy.js'
import { presentKey } from '../present.js'
import type { ListKeysQuery } from '../schemas.js'

/** A page of the keys the caller may see, newest first: all for managers and support, else its own. */
export function listKeys(ctx: Ctx, query: ListKeysQuery) {
  const { principal } = ctx
  const seesAll = managesAllKeys(principal) || principal.roles.includes('support_agent')
  const self = personOf(principal) ?? principal.id
  if (!seesAll && query.owner_id !== undefined && query.owner_id !== self) {
    return { data: [], next_cursor: null, has_more: false }
  }
  const filter = {
    ownerUserId: seesAll ? query.owner_id : self,
    environment: query.environment,
    state: query.state,
    name: query.name,
  }
  const now = ctx.now()
  return paginate(
    ctx,
    'keys',
    query,
    (window) => fetchKeys(ctx, filter, window),
    (key) => presentKey(key, now),
  )
}
