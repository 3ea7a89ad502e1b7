import type { Ctx } from '../../kernel/context.js'
import { defineState } from '../../kernel/resources.js'
import { FreshCache } from '../../storage/fresh-cache.js'
import { readCategories } from './models/category.js'
import type { SubscriberIdentity } from './models/subscriber.js'
import { BUILT_IN_CATEGORIES, type Category } from './rules/categories.js'

/** Categories that tenants declare, by tenant, at most 800 ms old. */
const categoryCache = defineState(
  'notifications.categories',
  ({ bus, metrics }) => new FreshCache<Category[]>({ name: 'notification-categories', bus, metrics }),
  (cache) => cache.close(),
)

/** Subscribers behind tokens, by `tenant/subscriber`, at most 800 ms old. */
export const subscriberCache = defineState(
  'notifications.subscribers',
  ({ bus, metrics }) => new FreshCache<SubscriberIdentity>({ name: 'notification-subscriber', bus, metrics }),
  (cache) => cache.close(),
)

/** All categories of the caller's tenant: its own, and the built-in ones that it says nothing of. */
export async function categoriesOf(ctx: Ctx): Promise<Category[]> {
  const { id } = ctx.tenant
  const own = (await ctx.state(categoryCache).get(id, () => readCategories(ctx.db, id))) ?? []
  const rest = BUILT_IN_CATEGORIES.filter(({ key }) => !own.some((category) => category.key === key))
  return [...rest, ...own]
}

/** Has every process read the tenant's categories anew from the moment the open transaction commits. */
export function forgetCategories(ctx: Ctx): void {
  const { id } = ctx.tenant
  ctx.afterCommit(() => ctx.state(categoryCache).drop(id))
}

/** Has every process judge the subscriber's tokens anew from the moment the open transaction commits. */
export function forgetSubscriber(ctx: Ctx, subscriberId: string): void {
  const { id } = ctx.tenant
  ctx.afterCommit(() => ctx.state(subscriberCache).drop(`${id}/${subscriberId}`))
}
