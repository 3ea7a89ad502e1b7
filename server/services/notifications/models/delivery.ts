import type { Ctx } from '../../../kernel/context.js'
import type { Channel } from '../channel.js'
import type { Recipient } from '../recipient.js'
import type { Rule } from '../rules/rule.js'

export const DELIVERY_STATUSES = [
  'pending',
  'scheduled',
  'waiting',
  'digested',
  'sending',
  'sent',
  'delivered',
  'bounced',
  'failed',
  'skipped',
  'cancelled',
  'unsubscribed',
] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/** Statuses in which nothing has been tried yet, so that it can be taken back. */
const PENDING = ['pending', 'scheduled', 'waiting', 'digested'] as const satisfies readonly DeliveryStatus[]

/** One message to one recipient on one channel. */
export interface Delivery extends Record<string, unknown> {
  id: string
  messageId: string
  recipientKind: Recipient['kind']
  recipientId: string
  channel: Channel
  category: string
  templateKey: string
  status: DeliveryStatus
  step: number | null
  rule: Rule
  rules: Rule[]
  runAt: Date | null
  jobId: string | null
  digestId: string | null
  attempts: number
  provider: string | null
  providerMessageId: string | null
  destination: string | null
  templateVersion: number | null
  locale: string | null
  costMicros: number | null
  costCurrency: string | null
  errorCode: string | null
  error: string | null
  sentAt: Date | null
  settledAt: Date | null
  createdAt: Date
  updatedAt: Date
}

/** A delivery about to be stored. */
export interface NewDelivery {
  id: string
  messageId: string
  recipientKind: Recipient['kind']
  recipientId: string
  channel: Channel
  category: string
  templateKey: string
  status: DeliveryStatus
  step: number | null
  rule: Rule
  rules: Rule[]
  runAt: Date | null
  jobId: string | null
  digestId: string | null
  templateVersion?: number | null
  locale?: string | null
  errorCode?: string | null
  error?: string | null
  settledAt?: Date | null
}

const COLUMNS = `d.id, d.message_id as "messageId", d.recipient_kind as "recipientKind",
  d.recipient_id as "recipientId", d.channel, d.category, d.template_key as "templateKey", d.status, d.step, d.rule,
  d.rules, d.run_at as "runAt", d.job_id as "jobId", d.digest_id as "digestId", d.attempts, d.provider,
  d.provider_message_id as "providerMessageId", d.destination, d.template_version as "templateVersion", d.locale,
  d.cost_micros as "costMicros", d.cost_currency as "costCurrency", d.error_code as "errorCode", d.error,
  d.sent_at as "sentAt", d.settled_at as "settledAt", d.created_at as "createdAt", d.updated_at as "updatedAt"`

/** Stores deliveries in one statement. */
export async function insertDeliveries(ctx: Ctx, deliveries: readonly NewDelivery[]): Promise<void> {
  if (deliveries.length === 0) return
  await ctx.db.execute({
    name: 'deliveries-insert',
    text: `insert into notification_deliveries (tenant_id, id, message_id, recipient_kind, recipient_id, channel,
        category, template_key, status, step, rule, rules, run_at, job_id, digest_id, template_version, locale,
        error_code, error, settled_at)
      select $1, n.id, n."messageId", n."recipientKind", n."recipientId", n.channel, n.category, n."templateKey",
        n.status, n.step, n.rule, n.rules, n."runAt", n."jobId", n."digestId", n."templateVersion", n.locale,
        n."errorCode", n.error, n."settledAt"
      from jsonb_to_recordset($2::jsonb) n (id uuid, "messageId" uuid, "recipientKind" text, "recipientId" uuid,
        channel text, category text, "templateKey" text, status text, step smallint, rule text, rules jsonb,
        "runAt" timestamptz, "jobId" uuid, "digestId" uuid, "templateVersion" integer, locale text,
        "errorCode" text, error text, "settledAt" timestamptz)`,
    values: [ctx.tenant.id, JSON.stringify(deliveries)],
  })
}

/** Which of these recipients the message was decided for already. */
export async function decidedRecipients(
  ctx: Ctx,
  messageId: string,
  recipientIds: readonly string[],
): Promise<Set<string>> {
  const rows = await ctx.db.query<{ recipient_id: string }>({
    name: 'deliveries-decided',
    text: `select distinct recipient_id from notification_deliveries
           where tenant_id = $1 and message_id = $2 and recipient_id = any($3::uuid[])`,
    values: [ctx.tenant.id, messageId, recipientIds],
  })
  return new Set(rows.map((row) => row.recipient_id))
}

/** The delivery of this id in the caller's tenant, or null. */
export async function findDelivery(ctx: Ctx, deliveryId: string): Promise<Delivery | null> {
  const [row] = await ctx.db.query<Delivery>({
    name: 'deliveries-find',
    text: `select ${COLUMNS} from notification_deliveries d where d.tenant_id = $1 and d.id = $2`,
    values: [ctx.tenant.id, deliveryId],
  })
  return row ?? null
}

/** Like findDelivery, and keeps others from changing it until the transaction ends. */
export async function lockDelivery(ctx: Ctx, deliveryId: string): Promise<Delivery | null> {
  const [row] = await ctx.db.query<Delivery>({
    name: 'deliveries-lock',
    text: `select ${COLUMNS} from notification_deliveries d where d.tenant_id = $1 and d.id = $2 for update`,
    values: [ctx.tenant.id, deliveryId],
  })
  return row ?? null
}

export interface DeliveryFilter {
  messageId?: string | undefined
  recipientId?: string | undefined
  channel?: Channel | undefined
  status?: DeliveryStatus | undefined
  category?: string | undefined
}

/** One window of the tenant's deliveries, newest first. */
export function listDeliveries(
  ctx: Ctx,
  filter: DeliveryFilter,
  { after, limit }: { after: { id: string } | null; limit: number },
): Promise<Delivery[]> {
  const values: unknown[] = [ctx.tenant.id]
  const where = ['d.tenant_id = $1']
  const narrow = (column: string, value: unknown) => {
    if (value !== undefined) where.push(`d.${column} = $${values.push(value)}`)
  }
  narrow('message_id', filter.messageId)
  narrow('recipient_id', filter.recipientId)
  narrow('channel', filter.channel)
  narrow('status', filter.status)
  narrow('category', filter.category)
  if (after) where.push(`d.id < $${values.push(after.id)}`)
  return ctx.db.query<Delivery>({
    text: `select ${COLUMNS} from notification_deliveries d where ${where.join(' and ')}
           order by d.id desc limit $${values.push(limit)}`,
    values,
  })
}

/** How many deliveries of a message are in which status. */
export async function countByStatus(
  ctx: Ctx,
  messageId: string,
): Promise<Partial<Record<DeliveryStatus, number>>> {
  const rows = await ctx.db.query<{ status: DeliveryStatus; count: number }>({
    name: 'deliveries-count',
    text: `select status, count(*)::int as count from notification_deliveries
           where tenant_id = $1 and message_id = $2 group by status`,
    values: [ctx.tenant.id, messageId],
  })
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

/** What may change about a delivery. */
export type DeliveryChanges = Partial<
  Pick<
    Delivery,
    | 'status'
    | 'rule'
    | 'runAt'
    | 'jobId'
    | 'attempts'
    | 'provider'
    | 'providerMessageId'
    | 'destination'
    | 'templateVersion'
    | 'locale'
    | 'costMicros'
    | 'costCurrency'
    | 'errorCode'
    | 'error'
    | 'sentAt'
    | 'settledAt'
  >
>

const COLUMN_OF: Record<keyof DeliveryChanges, string> = {
  status: 'status',
  rule: 'rule',
  runAt: 'run_at',
  jobId: 'job_id',
  attempts: 'attempts',
  provider: 'provider',
  providerMessageId: 'provider_message_id',
  destination: 'destination',
  templateVersion: 'template_version',
  locale: 'locale',
  costMicros: 'cost_micros',
  costCurrency: 'cost_currency',
  errorCode: 'error_code',
  error: 'error',
  sentAt: 'sent_at',
  settledAt: 'settled_at',
}

/** Changes only the fields given. */
export async function updateDelivery(ctx: Ctx, deliveryId: string, changes: DeliveryChanges): Promise<void> {
  const named = Object.entries(changes) as [keyof DeliveryChanges, unknown][]
  const sets = named.map(([field], i) => `${COLUMN_OF[field]} = $${i + 3}`)
  await ctx.db.execute({
    text: `update notification_deliveries set ${sets.join(', ')} where tenant_id = $1 and id = $2`,
    values: [ctx.tenant.id, deliveryId, ...named.map(([, value]) => value)],
  })
}

/** The next step of a chain that still waits, locked; null when there is none. */
export async function lockNextStep(ctx: Ctx, delivery: Delivery): Promise<Delivery | null> {
  const [row] = await ctx.db.query<Delivery>({
    name: 'deliveries-next-step',
    text: `select ${COLUMNS} from notification_deliveries d
           where d.tenant_id = $1 and d.message_id = $2 and d.recipient_id = $3 and d.step > $4
             and d.status = 'waiting' order by d.step limit 1 for update`,
    values: [ctx.tenant.id, delivery.messageId, delivery.recipientId, delivery.step],
  })
  return row ?? null
}

/** Takes back the steps that wait until these messages stay unread by this recipient; answers how many. */
export function cancelUnreadSteps(
  ctx: Ctx,
  { recipientId, messageIds, at }: { recipientId: string; messageIds: readonly string[]; at: Date },
): Promise<number> {
  return ctx.db.execute({
    name: 'deliveries-read-elsewhere',
    text: `update notification_deliveries set status = 'cancelled', rule = 'read', settled_at = $4
           where tenant_id = $1 and recipient_id = $2 and message_id = any($3::uuid[]) and status = 'waiting'`,
    values: [ctx.tenant.id, recipientId, messageIds, at],
  })
}

/** Takes back everything of a message that was not tried yet; answers how many deliveries. */
export function cancelDeliveries(ctx: Ctx, messageId: string, at: Date): Promise<number> {
  return ctx.db.execute({
    name: 'deliveries-cancel',
    text: `update notification_deliveries set status = 'cancelled', rule = 'cancelled', settled_at = $3
           where tenant_id = $1 and message_id = $2 and status = any($4::text[])`,
    values: [ctx.tenant.id, messageId, at, PENDING],
  })
}

/** Takes back what waits for somebody on a channel after they said that they want no more of a category. */
export function cancelUnsubscribed(
  ctx: Ctx,
  {
    recipientId,
    category,
    channel,
    at,
  }: { recipientId: string; category: string; channel: Channel; at: Date },
): Promise<number> {
  return ctx.db.execute({
    name: 'deliveries-unsubscribe',
    text: `update notification_deliveries set status = 'unsubscribed', rule = 'unsubscribed', settled_at = $5
           where tenant_id = $1 and recipient_id = $2 and category = $3 and channel = $4
             and status = any($6::text[])`,
    values: [ctx.tenant.id, recipientId, category, channel, at, PENDING],
  })
}

/** Takes back what waits for a recipient who is gone. */
export function cancelOfRecipient(ctx: Ctx, recipientId: string, at: Date): Promise<number> {
  return ctx.db.execute({
    name: 'deliveries-recipient-gone',
    text: `update notification_deliveries set status = 'cancelled', rule = 'recipient_gone', settled_at = $3
           where tenant_id = $1 and recipient_id = $2 and status = any($4::text[])`,
    values: [ctx.tenant.id, recipientId, at, PENDING],
  })
}
