import type { Ctx } from '../../../kernel/context.js'
import type { MembershipRole } from '../../../kernel/principal.js'
import type { Channel } from '../channel.js'
import type { DigestRule, Throttle } from '../rules/categories.js'
import type { Step } from '../rules/decide.js'
import type { NamedSubscriber } from './subscriber.js'

/** One entry of `to`. */
export type Addressee =
  | { userId: string }
  | { subscriber: NamedSubscriber }
  | { topic: string }
  | { role: MembershipRole }

/** Words of a message that uses no template of its own. */
export interface InlineContent {
  title: string
  body: string
  actionUrl?: string
  actionLabel?: string
}

/** Per channel: another address, and words in place of the template's. */
export interface Overrides {
  email?: { to?: string; subject?: string }
  sms?: { to?: string; text?: string }
  in_app?: { title?: string; body?: string; actionUrl?: string }
  push?: { title?: string; body?: string; url?: string }
}

/** A message as it was asked for. */
export interface MessageRequest {
  to: Addressee[]
  data: Record<string, unknown>
  /** Words given with the message; its template is then the generic one. */
  content?: InlineContent
  /** All at once; what the template has words for where neither this nor `chain` is given. */
  channels?: Channel[]
  chain?: Step[]
  overrides?: Overrides
  digest?: DigestRule
  throttle?: Throttle & { key?: string }
}

export type MessageStatus = 'accepted' | 'processed' | 'cancelled' | 'failed'

/** How far a fan-out has come: within which entry of `to`, and after which recipient of it. */
export interface Progress {
  entry: number
  after: string | null
}

/** An entry of `to` that named nobody. */
export interface Unresolved {
  what: 'user' | 'topic'
  name: string
}

/** One message of a tenant, from its acceptance on. */
export interface Message extends Record<string, unknown> {
  id: string
  /** A digest carries what its items said. */
  kind: 'message' | 'digest'
  status: MessageStatus
  transactionId: string | null
  templateKey: string
  category: string
  request: MessageRequest
  sendAt: Date | null
  jobId: string | null
  progress: Progress | null
  recipients: number
  unresolved: Unresolved[]
  errorCode: string | null
  error: string | null
  processedAt: Date | null
  createdBy: string
  createdAt: Date
}

/** A message about to be stored. */
export type NewMessage = Pick<
  Message,
  'id' | 'kind' | 'transactionId' | 'templateKey' | 'category' | 'request' | 'sendAt' | 'jobId'
>

const COLUMNS = `m.id, m.kind, m.status, m.transaction_id as "transactionId", m.template_key as "templateKey",
  m.category, m.request, m.send_at as "sendAt", m.job_id as "jobId", m.progress, m.recipients, m.unresolved,
  m.error_code as "errorCode", m.error, m.processed_at as "processedAt", m.created_by as "createdBy",
  m.created_at as "createdAt"`

/**
 * Stores messages; answers the ids of those that are new. One whose transaction id was used before is not stored
 * again, also where both are in this list.
 */
export async function insertMessages(ctx: Ctx, messages: readonly NewMessage[]): Promise<Set<string>> {
  const { principalOrNull: principal } = ctx
  const rows = await ctx.db.query<{ id: string }>({
    name: 'messages-insert',
    text: `insert into notification_messages (tenant_id, id, kind, transaction_id, template_key, category,
        request, send_at, job_id, created_by, request_id)
      select $1, n.id, n.kind, n."transactionId", n."templateKey", n.category, n.request, n."sendAt", n."jobId", $3, $4
      from jsonb_to_recordset($2::jsonb) n (id uuid, kind text, "transactionId" text, "templateKey" text,
        category text, request jsonb, "sendAt" timestamptz, "jobId" uuid)
      on conflict (tenant_id, transaction_id) where transaction_id is not null do nothing returning id`,
    values: [
      ctx.tenant.id,
      JSON.stringify(messages),
      principal ? `${principal.kind}:${principal.id}` : 'anonymous',
      ctx.requestId,
    ],
  })
  return new Set(rows.map((row) => row.id))
}

/** The messages of these transaction ids. */
export function findByTransactions(ctx: Ctx, transactionIds: readonly string[]): Promise<Message[]> {
  return ctx.db.query<Message>({
    name: 'messages-by-transaction',
    text: `select ${COLUMNS} from notification_messages m
           where m.tenant_id = $1 and m.transaction_id = any($2::text[])`,
    values: [ctx.tenant.id, transactionIds],
  })
}

/** The message of this id in the caller's tenant, or null. */
export async function findMessage(ctx: Ctx, messageId: string): Promise<Message | null> {
  const [row] = await ctx.db.query<Message>({
    name: 'messages-find',
    text: `select ${COLUMNS} from notification_messages m where m.tenant_id = $1 and m.id = $2`,
    values: [ctx.tenant.id, messageId],
  })
  return row ?? null
}

/** Like findMessage, and keeps others from changing it until the transaction ends. */
export async function lockMessage(ctx: Ctx, messageId: string): Promise<Message | null> {
  const [row] = await ctx.db.query<Message>({
    name: 'messages-lock',
    text: `select ${COLUMNS} from notification_messages m where m.tenant_id = $1 and m.id = $2 for update`,
    values: [ctx.tenant.id, messageId],
  })
  return row ?? null
}

export interface MessageFilter {
  status?: MessageStatus | undefined
  category?: string | undefined
  template?: string | undefined
  transactionId?: string | undefined
}

/** One window of the tenant's messages, newest first. */
export function listMessages(
  ctx: Ctx,
  filter: MessageFilter,
  { after, limit }: { after: { id: string } | null; limit: number },
): Promise<Message[]> {
  return ctx.db.query<Message>({
    name: 'messages-list',
    text: `select ${COLUMNS} from notification_messages m
           where m.tenant_id = $1
             and ($2::text is null or m.status = $2) and ($3::text is null or m.category = $3)
             and ($4::text is null or m.template_key = $4) and ($5::text is null or m.transaction_id = $5)
             and ($6::uuid is null or m.id < $6)
           order by m.id desc limit $7`,
    values: [
      ctx.tenant.id,
      filter.status ?? null,
      filter.category ?? null,
      filter.template ?? null,
      filter.transactionId ?? null,
      after?.id ?? null,
      limit,
    ],
  })
}

/** Keeps how far the fan-out has come, and that it is over where `progress` is null. */
export async function storeProgress(
  ctx: Ctx,
  messageId: string,
  step: { progress: Progress | null; recipients: number; unresolved: readonly Unresolved[]; at: Date },
): Promise<void> {
  await ctx.db.execute({
    name: 'messages-progress',
    text: `update notification_messages set progress = $3, recipients = recipients + $4,
        unresolved = unresolved || $5::jsonb,
        status = case when $3::jsonb is null then 'processed' else status end,
        processed_at = case when $3::jsonb is null then $6::timestamptz end
      where tenant_id = $1 and id = $2`,
    values: [
      ctx.tenant.id,
      messageId,
      step.progress && JSON.stringify(step.progress),
      step.recipients,
      JSON.stringify(step.unresolved),
      step.at,
    ],
  })
}

/** Ends a message that cannot be sent at all. */
export async function failMessage(
  ctx: Ctx,
  messageId: string,
  { code, message }: { code: string; message: string },
): Promise<void> {
  await ctx.db.execute({
    name: 'messages-fail',
    text: `update notification_messages set status = 'failed', error_code = $3, error = $4
           where tenant_id = $1 and id = $2`,
    values: [ctx.tenant.id, messageId, code, message],
  })
}

/** Ends a message before the rest of it went out. */
export async function markCancelled(ctx: Ctx, messageId: string): Promise<void> {
  await ctx.db.execute({
    name: 'messages-cancel',
    text: `update notification_messages set status = 'cancelled'
           where tenant_id = $1 and id = $2 and status = 'accepted'`,
    values: [ctx.tenant.id, messageId],
  })
}
