import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { Channel } from '../channel.js'
import type { Recipient } from '../recipient.js'
import type { MessageRequest } from './message.js'

/** Messages to one recipient on one channel that go out as one. */
export interface Digest extends Record<string, unknown> {
  id: string
  recipientKind: Recipient['kind']
  recipientId: string
  channel: Channel
  digestKey: string
  category: string
  closesAt: Date
  closedAt: Date | null
}

/** What wants to join a digest. */
export interface DigestSeat {
  recipientKind: Recipient['kind']
  recipientId: string
  channel: Channel
  digestKey: string
  category: string
  /** When the digest closes, if this opens it. */
  closesAt: Date
}

const COLUMNS = `g.id, g.recipient_kind as "recipientKind", g.recipient_id as "recipientId", g.channel,
  g.digest_key as "digestKey", g.category, g.closes_at as "closesAt", g.closed_at as "closedAt"`

/**
 * The open digest for each seat, opened where there is none. Its row stays locked until the transaction ends: it
 * cannot close before the item that joins is there, and one that closes at the same moment is waited for, after which
 * the seat opens the next.
 */
export function joinDigests(
  ctx: Ctx,
  seats: readonly DigestSeat[],
): Promise<(Digest & { isNew: boolean })[]> {
  const rows = seats.map((seat) => ({ ...seat, id: newId() }))
  return ctx.db.query<Digest & { isNew: boolean }>({
    name: 'digests-join',
    text: `insert into notification_digests as g
        (tenant_id, id, recipient_kind, recipient_id, channel, digest_key, category, closes_at)
      select $1, n.id, n."recipientKind", n."recipientId", n.channel, n."digestKey", n.category, n."closesAt"
      from jsonb_to_recordset($2::jsonb) n (id uuid, "recipientKind" text, "recipientId" uuid, channel text,
        "digestKey" text, category text, "closesAt" timestamptz)
      order by n."recipientId", n.channel
      on conflict (tenant_id, recipient_id, channel, digest_key) where closed_at is null
        do update set category = excluded.category
      returning ${COLUMNS}, g.xmax = 0 as "isNew"`,
    values: [ctx.tenant.id, JSON.stringify(rows)],
  })
}

/** Closes a digest if it is open; from then on the next item opens another. Null where it was closed before. */
export async function closeDigest(ctx: Ctx, digestId: string): Promise<Digest | null> {
  const [row] = await ctx.db.query<Digest>({
    name: 'digests-close',
    text: `update notification_digests g set closed_at = $3
           where g.tenant_id = $1 and g.id = $2 and g.closed_at is null returning ${COLUMNS}`,
    values: [ctx.tenant.id, digestId, ctx.now()],
  })
  return row ?? null
}

/** One message that a digest tells of. */
export interface DigestItem extends Record<string, unknown> {
  deliveryId: string
  messageId: string
  templateKey: string
  request: MessageRequest
  createdAt: Date
}

/** What a digest tells of, oldest first, at most `limit`; cancelled items are left out. */
export function digestItems(ctx: Ctx, digestId: string, limit: number): Promise<DigestItem[]> {
  return ctx.db.query<DigestItem>({
    name: 'digests-items',
    text: `select d.id as "deliveryId", m.id as "messageId", m.template_key as "templateKey", m.request,
        m.created_at as "createdAt"
      from notification_deliveries d
      join notification_messages m on m.tenant_id = d.tenant_id and m.id = d.message_id
      where d.tenant_id = $1 and d.digest_id = $2 and d.status = 'digested' order by d.id limit $3`,
    values: [ctx.tenant.id, digestId, limit],
  })
}

/** How many messages a digest tells of. */
export async function countItems(ctx: Ctx, digestId: string): Promise<number> {
  const [row] = await ctx.db.query<{ count: number }>({
    name: 'digests-count',
    text: `select count(*)::int as count from notification_deliveries
           where tenant_id = $1 and digest_id = $2 and status = 'digested'`,
    values: [ctx.tenant.id, digestId],
  })
  return row?.count ?? 0
}
