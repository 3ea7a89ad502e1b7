import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { Database } from '../../../storage/database.js'
import type { RecipientProfile } from '../recipient.js'

/** An end user of the tenant, as the tenant told of them. */
export interface Subscriber extends Record<string, unknown>, Position {
  id: string
  externalId: string
  name: string | null
  email: string | null
  phone: string | null
  locale: string | null
  timeZone: string | null
  data: Record<string, unknown>
  createdAt: Date
  updatedAt: Date
}

/** What a tenant may tell of a subscriber. What is left out stays; null forgets. */
export interface SubscriberChanges {
  name?: string | null
  email?: string | null
  phone?: string | null
  locale?: string | null
  timeZone?: string | null
  data?: Record<string, unknown>
}

/** A subscriber named in a message, with what the message tells of them. */
export interface NamedSubscriber extends SubscriberChanges {
  externalId: string
}

const COLUMNS = `s.id, s.external_id as "externalId", s.name, s.email, s.phone, s.locale, s.time_zone as "timeZone",
  s.data, s.created_at as "createdAt", s.updated_at as "updatedAt"`

/** The subscriber of this id in the caller's tenant, or null. */
export async function findSubscriber(ctx: Ctx, subscriberId: string): Promise<Subscriber | null> {
  const [row] = await ctx.db.query<Subscriber>({
    name: 'subscribers-find',
    text: `select ${COLUMNS} from notification_subscribers s where s.tenant_id = $1 and s.id = $2`,
    values: [ctx.tenant.id, subscriberId],
  })
  return row ?? null
}

/** The subscribers that the tenant calls by these names, without those it has not told of. */
export function findByExternalIds(ctx: Ctx, externalIds: readonly string[]): Promise<Subscriber[]> {
  return ctx.db.query<Subscriber>({
    name: 'subscribers-by-external-id',
    text: `select ${COLUMNS} from notification_subscribers s
           where s.tenant_id = $1 and s.external_id = any($2::text[])`,
    values: [ctx.tenant.id, externalIds],
  })
}

export interface SubscriberFilter {
  externalId?: string | undefined
  email?: string | undefined
  topicId?: string | undefined
}

/** One window of the tenant's subscribers, newest first. */
export function listSubscribers(
  ctx: Ctx,
  filter: SubscriberFilter,
  { after, limit }: { after: Position | null; limit: number },
): Promise<Subscriber[]> {
  return ctx.db.query<Subscriber>({
    name: 'subscribers-list',
    text: `select ${COLUMNS} from notification_subscribers s
           where s.tenant_id = $1
             and ($2::text is null or s.external_id = $2)
             and ($3::text is null or s.email = $3)
             and ($4::uuid is null or exists (select 1 from notification_topic_subscribers m
               where m.tenant_id = $1 and m.topic_id = $4 and m.subscriber_id = s.id))
             and ($5::timestamptz is null or (s.created_at, s.id) < ($5, $6::uuid))
           order by s.created_at desc, s.id desc limit $7`,
    values: [
      ctx.tenant.id,
      filter.externalId ?? null,
      filter.email ?? null,
      filter.topicId ?? null,
      after?.createdAt ?? null,
      after?.id ?? null,
      limit,
    ],
  })
}

/**
 * Makes subscribers that are not there yet and changes those that are, in one statement; fields left out stay.
 * Answers them in no particular order. No name may occur twice.
 */
export function upsertSubscribers(ctx: Ctx, named: readonly NamedSubscriber[]): Promise<Subscriber[]> {
  const rows = named.map((one) => ({ id: newId(), ...one }))
  return ctx.db.query<Subscriber>({
    name: 'subscribers-upsert',
    text: `insert into notification_subscribers as s
        (tenant_id, id, external_id, name, email, phone, locale, time_zone, data)
      select $1, n.id, n."externalId", n.name, n.email, n.phone, n.locale, n."timeZone", coalesce(n.data, '{}')
      from jsonb_to_recordset($2::jsonb) n (id uuid, "externalId" text, name text, email text, phone text,
        locale text, "timeZone" text, data jsonb)
      order by n."externalId"
      on conflict (tenant_id, external_id) do update set
        name = coalesce(excluded.name, s.name), email = coalesce(excluded.email, s.email),
        phone = coalesce(excluded.phone, s.phone), locale = coalesce(excluded.locale, s.locale),
        time_zone = coalesce(excluded.time_zone, s.time_zone),
        data = case when excluded.data = '{}' then s.data else excluded.data end
      returning ${COLUMNS}`,
    values: [ctx.tenant.id, JSON.stringify(rows)],
  })
}

const COLUMN_OF: Record<keyof SubscriberChanges | 'externalId', string> = {
  externalId: 'external_id',
  name: 'name',
  email: 'email',
  phone: 'phone',
  locale: 'locale',
  timeZone: 'time_zone',
  data: 'data',
}

/** Changes only the fields given; null where there is no such subscriber. */
export async function updateSubscriber(
  ctx: Ctx,
  subscriberId: string,
  changes: SubscriberChanges & { externalId?: string },
): Promise<Subscriber | null> {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined)
  if (named.length === 0) return findSubscriber(ctx, subscriberId)
  const sets = named.map(([field], i) => `${COLUMN_OF[field as keyof typeof COLUMN_OF]} = $${i + 3}`)
  const values = named.map(([field, value]) => (field === 'data' ? JSON.stringify(value) : value))
  const [row] = await ctx.db.query<Subscriber>({
    text: `update notification_subscribers s set ${sets.join(', ')} where s.tenant_id = $1 and s.id = $2
           returning ${COLUMNS}`,
    values: [ctx.tenant.id, subscriberId, ...values],
  })
  return row ?? null
}

/** Removes a subscriber with all that is theirs alone; false when there is none. */
export async function deleteSubscriber(ctx: Ctx, subscriberId: string): Promise<boolean> {
  const gone = await ctx.db.execute({
    name: 'subscribers-delete',
    text: 'delete from notification_subscribers where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, subscriberId],
  })
  return gone === 1
}

/** Tokens made before now open nothing any more; false when there is no such subscriber. */
export async function endTokens(ctx: Ctx, subscriberId: string, at: Date): Promise<boolean> {
  const changed = await ctx.db.execute({
    name: 'subscribers-end-tokens',
    text: 'update notification_subscribers set tokens_valid_from = $3 where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, subscriberId, at],
  })
  return changed === 1
}

/** What a subscriber's token is judged by. */
export interface SubscriberIdentity extends Record<string, unknown> {
  tenantSlug: string
  tenantStatus: 'active' | 'suspended' | 'deleting'
  tokensValidFrom: Date | null
}

/** The subscriber behind a token, across tenants; null when there is none. */
export async function readSubscriberIdentity(
  db: Database,
  tenantId: string,
  subscriberId: string,
): Promise<SubscriberIdentity | null> {
  const [row] = await db.readSystem<SubscriberIdentity>({
    name: 'subscribers-identity',
    text: `select t.slug as "tenantSlug", t.status as "tenantStatus", s.tokens_valid_from as "tokensValidFrom"
           from notification_subscribers s join tenants t on t.id = s.tenant_id
           where s.tenant_id = $1 and s.id = $2 and t.status <> 'deleting'`,
    values: [tenantId, subscriberId],
  })
  return row ?? null
}

/** A subscriber as a recipient. Its addresses are as good as the tenant says. */
export function profileOfSubscriber(subscriber: Subscriber): RecipientProfile {
  const { id, externalId, name, email, phone, locale, timeZone, data } = subscriber
  return {
    kind: 'subscriber',
    ...{ id, externalId, name, email, emailVerified: true, phone, locale, timeZone, data },
  }
}
