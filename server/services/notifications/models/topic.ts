import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { Subscriber } from './subscriber.js'

/** A named group of subscribers. */
export interface Topic extends Record<string, unknown>, Position {
  id: string
  key: string
  name: string
  subscribers: number
  createdAt: Date
  updatedAt: Date
}

const COLUMNS = `t.id, t.key, t.name, t.created_at as "createdAt", t.updated_at as "updatedAt",
  (select count(*)::int from notification_topic_subscribers m
    where m.tenant_id = t.tenant_id and m.topic_id = t.id) as subscribers`

/** The topic of this id in the caller's tenant, or null. */
export async function findTopic(ctx: Ctx, topicId: string): Promise<Topic | null> {
  const [row] = await ctx.db.query<Topic>({
    name: 'topics-find',
    text: `select ${COLUMNS} from notification_topics t where t.tenant_id = $1 and t.id = $2`,
    values: [ctx.tenant.id, topicId],
  })
  return row ?? null
}

/** The id of the topic of this key, or null. */
export async function topicIdOf(ctx: Ctx, key: string): Promise<string | null> {
  const [row] = await ctx.db.query<{ id: string }>({
    name: 'topics-by-key',
    text: 'select id from notification_topics where tenant_id = $1 and key = $2',
    values: [ctx.tenant.id, key],
  })
  return row?.id ?? null
}

/** One window of the tenant's topics, newest first. */
export function listTopics(
  ctx: Ctx,
  filter: { key?: string | undefined },
  { after, limit }: { after: Position | null; limit: number },
): Promise<Topic[]> {
  return ctx.db.query<Topic>({
    name: 'topics-list',
    text: `select ${COLUMNS} from notification_topics t
           where t.tenant_id = $1 and ($2::text is null or t.key = $2)
             and ($3::timestamptz is null or (t.created_at, t.id) < ($3, $4::uuid))
           order by t.created_at desc, t.id desc limit $5`,
    values: [ctx.tenant.id, filter.key ?? null, after?.createdAt ?? null, after?.id ?? null, limit],
  })
}

/** Makes a topic; answers its id, or null where the key is taken. */
export async function insertTopic(
  ctx: Ctx,
  { key, name }: { key: string; name: string },
): Promise<string | null> {
  const [row] = await ctx.db.query<{ id: string }>({
    name: 'topics-insert',
    text: `insert into notification_topics (tenant_id, id, key, name) values ($1, $2, $3, $4)
           on conflict (tenant_id, key) do nothing returning id`,
    values: [ctx.tenant.id, newId(), key, name],
  })
  return row?.id ?? null
}

/** Gives a topic another name; false when there is none. */
export async function renameTopic(ctx: Ctx, topicId: string, name: string): Promise<boolean> {
  const changed = await ctx.db.execute({
    text: 'update notification_topics set name = $3 where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, topicId, name],
  })
  return changed === 1
}

/** Removes a topic, not its subscribers; false when there is none. */
export async function deleteTopic(ctx: Ctx, topicId: string): Promise<boolean> {
  const gone = await ctx.db.execute({
    text: 'delete from notification_topics where tenant_id = $1 and id = $2',
    values: [ctx.tenant.id, topicId],
  })
  return gone === 1
}

/** Adds subscribers to a topic; those in it stay. */
export async function joinTopic(ctx: Ctx, topicId: string, subscriberIds: readonly string[]): Promise<void> {
  await ctx.db.execute({
    name: 'topics-join',
    text: `insert into notification_topic_subscribers (tenant_id, topic_id, subscriber_id)
           select $1, $2, s from unnest($3::uuid[]) s order by s on conflict do nothing`,
    values: [ctx.tenant.id, topicId, subscriberIds],
  })
}

/** Takes a subscriber out of a topic; false when it is not in it. */
export async function leaveTopic(ctx: Ctx, topicId: string, subscriberId: string): Promise<boolean> {
  const gone = await ctx.db.execute({
    name: 'topics-leave',
    text: `delete from notification_topic_subscribers
           where tenant_id = $1 and topic_id = $2 and subscriber_id = $3`,
    values: [ctx.tenant.id, topicId, subscriberId],
  })
  return gone === 1
}

/** Subscribers of a topic in the order of their ids, after one of them. */
export function subscribersOfTopic(
  ctx: Ctx,
  topicId: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<Subscriber[]> {
  return ctx.db.query<Subscriber>({
    name: 'topics-subscribers',
    text: `select s.id, s.external_id as "externalId", s.name, s.email, s.phone, s.locale,
        s.time_zone as "timeZone", s.data, s.created_at as "createdAt", s.updated_at as "updatedAt"
      from notification_topic_subscribers m
      join notification_subscribers s on s.tenant_id = m.tenant_id and s.id = m.subscriber_id
      where m.tenant_id = $1 and m.topic_id = $2 and ($3::uuid is null or m.subscriber_id > $3)
      order by m.subscriber_id limit $4`,
    values: [ctx.tenant.id, topicId, after, limit],
  })
}
