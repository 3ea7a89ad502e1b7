import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { tellInboxes } from '../inbox-topic.js'
import { wakeItemJob } from '../jobs/wake-item.js'
import { cancelUnreadSteps } from '../models/delivery.js'
import {
  changeItem,
  countItems,
  findItem,
  type InboxItem,
  type ItemChanges,
  listItems,
  markItems,
} from '../models/inbox-item.js'
import { presentItem } from '../present/inbox.js'
import type { Recipient } from '../recipient.js'
import type { ListInboxQuery, UpdateItemInput } from '../schemas/inbox.js'

const YEAR_MS = 366 * 86_400_000

/** A page of a recipient's inbox, newest first. */
export function listInbox(ctx: Ctx, recipient: Recipient, query: ListInboxQuery) {
  const { state, category } = query
  // The inbox is part of what a cursor is good for: two people of one tenant have two.
  const bound = { ...query, recipient: recipient.id }
  return paginate(
    ctx,
    'inbox',
    bound,
    (window) => listItems(ctx, recipient, { state, category }, window),
    presentItem,
  )
}

/** How much there is to read. */
export function countInbox(ctx: Ctx, recipient: Recipient) {
  return countItems(ctx, recipient)
}

/** An item of the recipient's inbox. Throws where there is none. */
export async function readItem(ctx: Ctx, recipient: Recipient, itemId: string): Promise<InboxItem> {
  const item = await findItem(ctx, recipient, itemId)
  if (!item) throw new pipelineErrors.ItemUnknown()
  return item
}

/** Reads, archives or snoozes an item, or takes that back. Reading it takes back what else would tell of it. */
export async function updateItem(
  ctx: Ctx,
  recipient: Recipient,
  itemId: string,
  input: UpdateItemInput,
): Promise<InboxItem> {
  const before = await readItem(ctx, recipient, itemId)
  const changes = changesFrom(before, input, ctx.now())
  const item = await changeItem(ctx, recipient, itemId, changes)
  if (!item) throw new pipelineErrors.ItemUnknown()
  if (item.readAt) await settleRead(ctx, recipient, [item.messageId])
  if (input.snoozed_until) {
    const until = new Date(input.snoozed_until)
    const payload = {
      recipient: { kind: recipient.kind, id: recipient.id },
      itemId,
      until: until.toISOString(),
    }
    await ctx.enqueue(wakeItemJob, payload, { runAt: until })
  }
  tellInboxes(ctx, [recipient.id])
  return item
}

/** Marks all active items, at most 1,000; answers how many. */
export async function markInbox(
  ctx: Ctx,
  recipient: Recipient,
  input: { as: 'seen' | 'read' | 'archived'; category?: string | undefined },
): Promise<number> {
  const messageIds = await markItems(ctx, recipient, input)
  if (messageIds.length === 0) return 0
  if (input.as !== 'seen') await settleRead(ctx, recipient, messageIds)
  tellInboxes(ctx, [recipient.id])
  return messageIds.length
}

async function settleRead(ctx: Ctx, recipient: Recipient, messageIds: readonly string[]): Promise<void> {
  await cancelUnreadSteps(ctx, { recipientId: recipient.id, messageIds, at: ctx.now() })
}

/** Whoever reads has seen; what was archived was read; the first time of each stays. */
function changesFrom(item: InboxItem, input: UpdateItemInput, now: Date): ItemChanges {
  const { read, archived, snoozed_until: until } = input
  const snoozedUntil = until === undefined || until === null ? until : new Date(until)
  if (snoozedUntil && snoozedUntil.getTime() > now.getTime() + YEAR_MS) throw new pipelineErrors.TooFarAhead()
  const isRead = read ?? (archived === true ? true : item.readAt !== null)
  return {
    seenAt: item.seenAt ?? now,
    readAt: isRead ? (item.readAt ?? now) : null,
    ...(archived === undefined ? {} : { archivedAt: archived ? (item.archivedAt ?? now) : null }),
    ...(snoozedUntil === undefined ? {} : { snoozedUntil }),
  }
}
