import type { Ctx } from '../../../../kernel/context.js'
import { newId } from '../../../../kernel/ids.js'
import type { Position } from '../../../../kernel/pagination.js'
import type { Database } from '../../../../storage/database.js'
import type { DeliveryStatus } from './webhook-delivery.js'

export const MESSAGE_SOURCES = ['event', 'app', 'notification', 'test'] as const
export type MessageSource = (typeof MESSAGE_SOURCES)[number]

/** Something told to endpoints; `webhook-id` is its id. */
export interface WebhookMessage {
  id: string
  type: string
  source: MessageSource
  occurredAt: Date
  /** As it is sent, byte for byte. */
  body: string
  createdAt: Date
}

/** A message in a list: how its deliveries stand, and not what it says. */
export type ListedMessage = Omit<WebhookMessage, 'body'> & { counts: Record<DeliveryStatus, number> }

/** Which messages a list shows. */
export interface MessageFilter {
  type?: string | undefined
  source?: MessageSource | undefined
}

export interface NewMessage extends Omit<WebhookMessage, 'id' | 'createdAt'> {
  /** What it tells of: of one origin there is at most one message. Null for any number. */
  originId: string | null
}

const COLUMNS = 'm.id, m.type, m.source, m.occurred_at as "occurredAt", m.created_at as "createdAt"'

/** Stores a message; where there is one of the same origin already, answers that one and stores nothing. */
export async function insertMessage(ctx: Ctx, message: NewMessage): Promise<{ id: string; isNew: boolean }> {
  const id = newId()
  const inserted = await ctx.db.execute({
    name: 'webhook-messages-insert',
    text: `insert into webhook_messages (tenant_id, id, origin_id, type, source, occurred_at, body, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, origin_id) do nothing`,
    values: [
      ctx.tenant.id,
      id,
      message.originId,
      message.type,
      message.source,
      message.occurredAt,
      message.body,
      ctx.now(),
    ],
  })
  if (inserted > 0) return { id, isNew: true }
  const [known] = await ctx.db.query<{ id: string }>({
    name: 'webhook-messages-of-origin',
    text: 'select id from webhook_messages where tenant_id = $1 and origin_id = $2',
    values: [ctx.tenant.id, message.originId],
  })
  if (!known) throw new TypeError(`message of ${message.originId} vanished while it was stored`)
  return { id: known.id, isNew: false }
}

/** The message with this id in the caller's tenant, or null. */
export async function findMessage(ctx: Ctx, messageId: string): Promise<WebhookMessage | null> {
  const [row] = await ctx.db.query<WebhookMessage & Record<string, unknown>>({
    name: 'webhook-messages-find',
    text: `select ${COLUMNS}, m.body from webhook_messages m where m.tenant_id = $1 and m.id = $2`,
    values: [ctx.tenant.id, messageId],
  })
  return row ?? null
}

/** Messages of the caller's tenant, newest first by (created_at, id). */
export async function listMessages(
  ctx: Ctx,
  filter: MessageFilter,
  window: { after: Position | null; limit: number },
): Promise<ListedMessage[]> {
  return ctx.db.query<ListedMessage & Record<string, unknown>>({
    name: 'webhook-messages-list',
    text: `select ${COLUMNS}, c.counts from webhook_messages m cross join lateral (
        select jsonb_build_object('pending', count(*) filter (where status = 'pending'),
          'delivered', count(*) filter (where status = 'delivered'),
          'failed', count(*) filter (where status = 'failed'),
          'skipped', count(*) filter (where status = 'skipped')) as counts
        from webhook_deliveries where tenant_id = $1 and message_id = m.id) c
      where m.tenant_id = $1
        and ($2::timestamptz is null or (m.created_at, m.id) < ($2, $3::uuid))
        and ($4::text is null or m.type = $4)
        and ($5::text is null or m.source = $5)
      order by m.created_at desc, m.id desc limit $6`,
    values: [
      ctx.tenant.id,
      window.after?.createdAt ?? null,
      window.after?.id ?? null,
      filter.type ?? null,
      filter.source ?? null,
      window.limit,
    ],
  })
}

/** Removes at most `limit` messages older than this, with their deliveries and attempts. Needs a system transaction. */
export async function removeMessages(db: Database, before: Date, limit: number): Promise<number> {
  return db.execute({
    name: 'webhook-messages-prune',
    text: `delete from webhook_messages where (tenant_id, id) in (
        select tenant_id, id from webhook_messages where created_at < $1 limit $2)`,
    values: [before, limit],
  })
}
