import type { Ctx } from '../../../kernel/context.js'
import { cancelOfRecipient } from '../models/delivery.js'
import { deleteInbox } from '../models/inbox-item.js'
import { deletePreferences } from '../models/preferences.js'
import { deletePushOf } from '../models/push-subscription.js'

/** Removes what is somebody's alone in this tenant, and takes back what waits for them. Safe to repeat. */
export async function forgetRecipient(ctx: Ctx, recipientId: string): Promise<void> {
  await cancelOfRecipient(ctx, recipientId, ctx.now())
  await deleteInbox(ctx, recipientId)
  await deletePreferences(ctx, recipientId)
  await deletePushOf(ctx, recipientId)
}
