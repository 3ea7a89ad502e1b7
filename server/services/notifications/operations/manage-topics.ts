import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { findByExternalIds, upsertSubscribers } from '../models/subscriber.js'
import {
  listTopics as fetchTopics,
  findTopic,
  insertTopic,
  joinTopic,
  leaveTopic,
  deleteTopic as removeTopicRow,
  renameTopic as storeName,
  type Topic,
} from '../models/topic.js'
import { presentTopic } from '../present/recipients.js'
import type { ListTopicsQuery } from '../schemas/recipients.js'

/** A page of the tenant's topics, newest first. */
export function listTopics(ctx: Ctx, query: ListTopicsQuery) {
  const { key } = query
  return paginate(ctx, 'topics', query, (window) => fetchTopics(ctx, { key }, window), presentTopic)
}

/** The topic of this id. Throws where the tenant has none. */
export async function readTopic(ctx: Ctx, topicId: string): Promise<Topic> {
  const topic = await findTopic(ctx, topicId)
  if (!topic) throw new pipelineErrors.TopicUnknown()
  return topic
}

/** Makes a topic. */
export async function createTopic(ctx: Ctx, input: { key: string; name: string }): Promise<Topic> {
  const topicId = await insertTopic(ctx, input)
  if (topicId === null) throw new pipelineErrors.TopicTaken()
  return readTopic(ctx, topicId)
}

/** Gives a topic another name; its key stays. */
export async function renameTopic(ctx: Ctx, topicId: string, name: string): Promise<Topic> {
  if (!(await storeName(ctx, topicId, name))) throw new pipelineErrors.TopicUnknown()
  return readTopic(ctx, topicId)
}

/** Removes a topic; its subscribers stay. */
export async function removeTopic(ctx: Ctx, topicId: string): Promise<void> {
  if (!(await removeTopicRow(ctx, topicId))) throw new pipelineErrors.TopicUnknown()
}

/** Adds subscribers to a topic, making those that are not known yet. Safe to repeat. */
export async function addToTopic(ctx: Ctx, topicId: string, externalIds: readonly string[]): Promise<Topic> {
  await readTopic(ctx, topicId)
  const known = await findByExternalIds(ctx, externalIds)
  const names = new Set(known.map(({ externalId }) => externalId))
  const news = [...new Set(externalIds)].filter((name) => !names.has(name))
  const made = await upsertSubscribers(
    ctx,
    news.map((externalId) => ({ externalId })),
  )
  await joinTopic(
    ctx,
    topicId,
    [...known, ...made].map(({ id }) => id),
  )
  ctx.auditDetail = { added: externalIds.length, made: made.length }
  return readTopic(ctx, topicId)
}

/** Takes a subscriber out of a topic. */
export async function removeFromTopic(ctx: Ctx, topicId: string, subscriberId: string): Promise<void> {
  await readTopic(ctx, topicId)
  if (!(await leaveTopic(ctx, topicId, subscriberId))) throw new pipelineErrors.SubscriberUnknown()
}
