import type { Ctx } from '../../../kernel/context.js'
import { follow } from '../../../storage/follow.js'
import { INBOX_TOPIC, inboxName } from '../inbox-topic.js'
import { countItems, type InboxItem, itemsAfter } from '../models/inbox-item.js'
import type { Recipient } from '../recipient.js'

/** Changes of an inbox as they come: after a sequence number, or from now on. */
export async function followInbox(
  ctx: Ctx,
  recipient: Recipient,
  { after, signal }: { after: number | null; signal: AbortSignal },
): Promise<AsyncIterable<InboxItem>> {
  const from = after ?? (await countItems(ctx, recipient)).sequence
  const name = inboxName(ctx.tenant.id, recipient.id)
  return follow<InboxItem, number>({
    bus: ctx.bus,
    topic: INBOX_TOPIC,
    means: (message) => message === name,
    after: from,
    read: (sequence, limit) => itemsAfter(ctx, recipient, { sequence, limit }),
    cursorOf: (item) => item.sequence,
    signal,
  })
}
