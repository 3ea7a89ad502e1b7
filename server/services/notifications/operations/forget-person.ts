import { backgroundContext, type Ctx } from '../../../kernel/context.js'
import { findMembers } from '../models/member.js'
import { tenantsKnowing } from '../models/preferences.js'
import { forgetRecipient } from './forget-recipient.js'

/** Removes what was kept for somebody who left the organisation, unless they are back by now. Safe to repeat. */
export async function forgetMember(ctx: Ctx, userId: string): Promise<void> {
  const [isBack] = await findMembers(ctx, [userId])
  if (!isBack) await forgetRecipient(ctx, userId)
}

/** Removes what every organisation kept for somebody whose account is gone. Safe to repeat. */
export async function forgetPerson(ctx: Ctx, userId: string): Promise<void> {
  const tenantIds = await ctx.system('a person may have been a member of many', () =>
    tenantsKnowing(ctx, userId),
  )
  for (const id of tenantIds) {
    const inside = backgroundContext(ctx.resources, 'forget-person', { id, slug: '', status: 'active' })
    await inside.transaction(() => forgetRecipient(inside, userId))
  }
}
