import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { Recipient } from '../recipient.js'

/** One message in somebody's inbox. */
export interface InboxItem extends Record<string, unknown> {
  id: string
  messageId: string
  deliveryId: string
  category: string
  title: string
  body: string
  actionUrl: string | null
  /** Of the last change; grows within one inbox. */
  sequence: number
  seenAt: Date | null
  readAt: Date | null
  archivedAt: Date | null
  snoozedUntil: Date | null
  createdAt: Date
}

/** An item about to be put into an inbox. */
export interface NewInboxItem {
  recipient: Recipient
  messageId: string
  deliveryId: string
  category: string
  title: string
  body: string
  actionUrl: string | null
}

const COLUMNS = `i.id, i.message_id as "messageId", i.delivery_id as "deliveryId", i.category, i.title, i.body,
  i.action_url as "actionUrl", i.sequence, i.seen_at as "seenAt", i.read_at as "readAt",
  i.archived_at as "archivedAt", i.snoozed_until as "snoozedUntil", i.created_at as "createdAt"`

/**
 * Puts at most one item into each of several inboxes, in one statement. Whoever changes an inbox holds its row until
 * the transaction ends, in the order of recipients: sequence numbers become visible in their order, so that who reads
 * "all after n" misses none.
 */
export async function addItems(ctx: Ctx, items: readonly NewInboxItem[]): Promise<void> {
  if (items.length === 0) return
  const rows = items.map(({ recipient, ...item }) => ({
    ...item,
    id: newId(),
    recipientKind: recipient.kind,
    recipientId: recipient.id,
  }))
  await ctx.db.execute({
    name: 'inbox-add',
    text: `with new as (
        select * from jsonb_to_recordset($2::jsonb) n (id uuid, "recipientKind" text, "recipientId" uuid,
          "messageId" uuid, "deliveryId" uuid, category text, title text, body text, "actionUrl" text)),
      seats as (
        insert into notification_inboxes as b (tenant_id, recipient_id, sequence)
        select $1, n."recipientId", 1 from new n order by n."recipientId"
        on conflict (tenant_id, recipient_id) do update set sequence = b.sequence + 1
        returning recipient_id, sequence)
      insert into notification_inbox_items (tenant_id, id, recipient_kind, recipient_id, message_id, delivery_id,
        category, title, body, action_url, sequence, created_at)
      select $1, n.id, n."recipientKind", n."recipientId", n."messageId", n."deliveryId", n.category, n.title,
        n.body, n."actionUrl", s.sequence, $3
      from new n join seats s on s.recipient_id = n."recipientId"`,
    values: [ctx.tenant.id, JSON.stringify(rows), ctx.now()],
  })
}

export const INBOX_STATES = ['active', 'unread', 'read', 'archived', 'snoozed', 'all'] as const
export type InboxState = (typeof INBOX_STATES)[number]

// $3 is now: a snoozed item is back from the moment that its time is over.
const ASLEEP = 'coalesce(i.snoozed_until > $3, false)'
const STATE: Record<InboxState, string> = {
  active: `i.archived_at is null and not ${ASLEEP}`,
  unread: `i.archived_at is null and not ${ASLEEP} and i.read_at is null`,
  read: `i.archived_at is null and not ${ASLEEP} and i.read_at is not null`,
  archived: 'i.archived_at is not null',
  snoozed: `i.archived_at is null and ${ASLEEP}`,
  all: 'true',
}

/** One window of a recipient's inbox, newest first. */
export function listItems(
  ctx: Ctx,
  recipient: Recipient,
  { state, category }: { state: InboxState; category?: string | undefined },
  { after, limit }: { after: { id: string } | null; limit: number },
): Promise<InboxItem[]> {
  return ctx.db.query<InboxItem>({
    name: `inbox-list-${state}`,
    text: `select ${COLUMNS} from notification_inbox_items i
           where i.tenant_id = $1 and i.recipient_id = $2 and $3::timestamptz is not null and ${STATE[state]}
             and ($4::text is null or i.category = $4) and ($5::uuid is null or i.id < $5)
           order by i.id desc limit $6`,
    values: [ctx.tenant.id, recipient.id, ctx.now(), category ?? null, after?.id ?? null, limit],
  })
}

/** More than this is not counted. */
export const COUNT_MAX = 1_000

/** How many active items are unread and unseen, each counted to COUNT_MAX, and the sequence they were counted at. */
export async function countItems(
  ctx: Ctx,
  recipient: Recipient,
): Promise<{ unread: number; unseen: number; sequence: number }> {
  const [row] = await ctx.db.query<{ unread: number; unseen: number; sequence: number }>({
    name: 'inbox-count',
    text: `select
        (select count(*)::int from (select 1 from notification_inbox_items i
          where i.tenant_id = $1 and i.recipient_id = $2 and ${STATE.unread} limit ${COUNT_MAX}) u) as unread,
        (select count(*)::int from (select 1 from notification_inbox_items i
          where i.tenant_id = $1 and i.recipient_id = $2 and ${STATE.unread} and i.seen_at is null
          limit ${COUNT_MAX}) u) as unseen,
        coalesce((select sequence from notification_inboxes where tenant_id = $1 and recipient_id = $2), 0) as sequence`,
    values: [ctx.tenant.id, recipient.id, ctx.now()],
  })
  return row ?? { unread: 0, unseen: 0, sequence: 0 }
}

/** The item of this id in the recipient's inbox, or null. */
export async function findItem(ctx: Ctx, recipient: Recipient, itemId: string): Promise<InboxItem | null> {
  const [row] = await ctx.db.query<InboxItem>({
    name: 'inbox-find',
    text: `select ${COLUMNS} from notification_inbox_items i
           where i.tenant_id = $1 and i.recipient_id = $2 and i.id = $3`,
    values: [ctx.tenant.id, recipient.id, itemId],
  })
  return row ?? null
}

/** Items of an inbox that changed after a sequence number, in the order of their last change. */
export function itemsAfter(
  ctx: Ctx,
  recipient: Recipient,
  { sequence, limit }: { sequence: number; limit: number },
): Promise<InboxItem[]> {
  return ctx.db.readTenant<InboxItem>(ctx.tenant.id, {
    name: 'inbox-after',
    text: `select ${COLUMNS} from notification_inbox_items i
           where i.tenant_id = ctx.t::uuid and i.recipient_id = $2 and i.sequence > $3
           order by i.sequence limit $4`,
    values: [recipient.id, sequence, limit],
  })
}

/** What may change about an item. */
export type ItemChanges = Partial<Pick<InboxItem, 'seenAt' | 'readAt' | 'archivedAt' | 'snoozedUntil'>>

const COLUMN_OF: Record<keyof ItemChanges, string> = {
  seenAt: 'seen_at',
  readAt: 'read_at',
  archivedAt: 'archived_at',
  snoozedUntil: 'snoozed_until',
}

/** Changes one item, which thereby becomes the newest change of its inbox; null where there is none. */
export async function changeItem(
  ctx: Ctx,
  recipient: Recipient,
  itemId: string,
  changes: ItemChanges,
): Promise<InboxItem | null> {
  const base = await lockInbox(ctx, recipient)
  if (base === null) return null
  const named = Object.entries(changes) as [keyof ItemChanges, Date | null][]
  const sets = named.map(([field], i) => `${COLUMN_OF[field]} = $${i + 5}`)
  const [row] = await ctx.db.query<InboxItem>({
    text: `update notification_inbox_items i set ${['sequence = $4', ...sets].join(', ')}
           where i.tenant_id = $1 and i.recipient_id = $2 and i.id = $3 returning ${COLUMNS}`,
    values: [ctx.tenant.id, recipient.id, itemId, base + 1, ...named.map(([, value]) => value)],
  })
  if (row) await moveSequence(ctx, recipient, base + 1)
  return row ?? null
}

/** Items that one statement marks at most. */
const MARK_BATCH = 1_000

const UNMARKED = {
  seen: 'i.seen_at is null',
  read: 'i.read_at is null',
  archived: 'i.archived_at is null',
} as const
const MARKS = {
  seen: 'seen_at = $3',
  read: 'seen_at = coalesce(i.seen_at, $3), read_at = $3',
  archived: 'seen_at = coalesce(i.seen_at, $3), read_at = coalesce(i.read_at, $3), archived_at = $3',
} as const

/** Marks active items that are not marked so yet, at most 1,000; answers the messages they tell of. */
export async function markItems(
  ctx: Ctx,
  recipient: Recipient,
  { as, category }: { as: keyof typeof MARKS; category?: string | undefined },
): Promise<string[]> {
  const base = await lockInbox(ctx, recipient)
  if (base === null) return []
  const rows = await ctx.db.query<{ message_id: string }>({
    name: `inbox-mark-${as}`,
    text: `update notification_inbox_items i set ${MARKS[as]}, sequence = $4 + t.place
      from (select i.id, row_number() over (order by i.sequence) as place from notification_inbox_items i
        where i.tenant_id = $1 and i.recipient_id = $2 and ${STATE.active} and ${UNMARKED[as]}
          and ($5::text is null or i.category = $5)
        order by i.sequence limit ${MARK_BATCH}) t
      where i.tenant_id = $1 and i.id = t.id returning i.message_id`,
    values: [ctx.tenant.id, recipient.id, ctx.now(), base, category ?? null],
  })
  await moveSequence(ctx, recipient, base + rows.length)
  return rows.map((row) => row.message_id)
}

/** Removes everything that somebody who is gone was told. */
export async function deleteInbox(ctx: Ctx, recipientId: string): Promise<void> {
  for (const table of ['notification_inbox_items', 'notification_inboxes']) {
    await ctx.db.execute({
      text: `delete from ${table} where tenant_id = $1 and recipient_id = $2`,
      values: [ctx.tenant.id, recipientId],
    })
  }
}

/** The last sequence number of an inbox, which others cannot move until the transaction ends; null: it is empty. */
async function lockInbox(ctx: Ctx, recipient: Recipient): Promise<number | null> {
  const [row] = await ctx.db.query<{ sequence: number }>({
    name: 'inbox-lock',
    text: 'select sequence from notification_inboxes where tenant_id = $1 and recipient_id = $2 for update',
    values: [ctx.tenant.id, recipient.id],
  })
  return row?.sequence ?? null
}

async function moveSequence(ctx: Ctx, recipient: Recipient, sequence: number): Promise<void> {
  await ctx.db.execute({
    name: 'inbox-move',
    text: 'update notification_inboxes set sequence = $3 where tenant_id = $1 and recipient_id = $2',
    values: [ctx.tenant.id, recipient.id, sequence],
  })
}
