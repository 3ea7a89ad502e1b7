import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { Recipient } from '../recipient.js'

/** A browser that asked to be pushed to. */
export interface PushSubscription extends Record<string, unknown>, Position {
  id: string
  recipientId: string
  endpoint: string
  p256dh: string
  auth: string
  userAgent: string | null
  createdAt: Date
}

const COLUMNS = `p.id, p.recipient_id as "recipientId", p.endpoint, p.p256dh, p.auth, p.user_agent as "userAgent",
  p.created_at as "createdAt"`

/** The subscriptions of these recipients, newest first. */
export function findPushSubscriptions(
  ctx: Ctx,
  recipientIds: readonly string[],
): Promise<PushSubscription[]> {
  return ctx.db.query<PushSubscription>({
    name: 'push-find',
    text: `select ${COLUMNS} from notification_push_subscriptions p
           where p.tenant_id = $1 and p.recipient_id = any($2::uuid[]) order by p.created_at desc, p.id desc`,
    values: [ctx.tenant.id, recipientIds],
  })
}

/** One window of a recipient's subscriptions, newest first. */
export function listPushSubscriptions(
  ctx: Ctx,
  recipient: Recipient,
  { after, limit }: { after: Position | null; limit: number },
): Promise<PushSubscription[]> {
  return ctx.db.query<PushSubscription>({
    name: 'push-list',
    text: `select ${COLUMNS} from notification_push_subscriptions p
           where p.tenant_id = $1 and p.recipient_id = $2
             and ($3::timestamptz is null or (p.created_at, p.id) < ($3, $4::uuid))
           order by p.created_at desc, p.id desc limit $5`,
    values: [ctx.tenant.id, recipient.id, after?.createdAt ?? null, after?.id ?? null, limit],
  })
}

/** Keeps a subscription. A browser has one endpoint, whoever uses it: the last to sign in has it. */
export async function upsertPushSubscription(
  ctx: Ctx,
  recipient: Recipient,
  { endpoint, p256dh, auth }: { endpoint: string; p256dh: string; auth: string },
): Promise<PushSubscription | null> {
  const [row] = await ctx.db.query<PushSubscription>({
    name: 'push-upsert',
    text: `insert into notification_push_subscriptions as p
        (tenant_id, id, recipient_kind, recipient_id, endpoint, p256dh, auth, user_agent)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (tenant_id, endpoint) do update set recipient_kind = excluded.recipient_kind,
        recipient_id = excluded.recipient_id, p256dh = excluded.p256dh, auth = excluded.auth,
        user_agent = excluded.user_agent
      returning ${COLUMNS}`,
    values: [ctx.tenant.id, newId(), recipient.kind, recipient.id, endpoint, p256dh, auth, ctx.userAgent],
  })
  return row ?? null
}

/** Forgets a subscription of this recipient; false when there is none. */
export async function deletePushSubscription(ctx: Ctx, recipientId: string, id: string): Promise<boolean> {
  const gone = await ctx.db.execute({
    name: 'push-delete',
    text: 'delete from notification_push_subscriptions where tenant_id = $1 and recipient_id = $2 and id = $3',
    values: [ctx.tenant.id, recipientId, id],
  })
  return gone === 1
}

/** Forgets all subscriptions of somebody who is gone. */
export async function deletePushOf(ctx: Ctx, recipientId: string): Promise<void> {
  await ctx.db.execute({
    text: 'delete from notification_push_subscriptions where tenant_id = $1 and recipient_id = $2',
    values: [ctx.tenant.id, recipientId],
  })
}
