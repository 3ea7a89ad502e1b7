import type { Ctx } from '../../../kernel/context.js'
import { tellInboxes } from '../inbox-topic.js'
import { changeItem, findItem } from '../models/inbox-item.js'
import type { Recipient } from '../recipient.js'

/** Brings an item that was snoozed until this time back as unread, unless it was snoozed anew or woken before. */
export async function wakeItem(ctx: Ctx, recipient: Recipient, itemId: string, until: Date): Promise<void> {
  const item = await findItem(ctx, recipient, itemId)
  if (item?.snoozedUntil?.getTime() !== until.getTime()) return
  await changeItem(ctx, recipient, itemId, { snoozedUntil: null, readAt: null, seenAt: null })
  tellInboxes(ctx, [recipient.id])
}
