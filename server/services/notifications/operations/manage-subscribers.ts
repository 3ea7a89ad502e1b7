import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { pipelineErrors } from '../errors/pipeline.js'
import {
  deleteSubscriber,
  endTokens,
  listSubscribers as fetchSubscribers,
  findByExternalIds,
  findSubscriber,
  type Subscriber,
  type SubscriberChanges,
  updateSubscriber as storeChanges,
  upsertSubscribers,
} from '../models/subscriber.js'
import { presentSubscriber } from '../present/recipients.js'
import type {
  ListSubscribersQuery,
  PutSubscriberInput,
  UpdateSubscriberInput,
} from '../schemas/recipients.js'
import { forgetSubscriber } from '../state.js'
import { makeSubscriberToken } from '../subscriber-token.js'
import { forgetRecipient } from './forget-recipient.js'

/** A page of the tenant's subscribers, newest first. */
export function listSubscribers(ctx: Ctx, query: ListSubscribersQuery) {
  const { external_id: externalId, email, topic_id: topicId } = query
  const filter = { externalId, email, topicId }
  return paginate(
    ctx,
    'subscribers',
    query,
    (window) => fetchSubscribers(ctx, filter, window),
    presentSubscriber,
  )
}

/** The subscriber of this id. Throws where the tenant has none. */
export async function readSubscriber(ctx: Ctx, subscriberId: string): Promise<Subscriber> {
  const subscriber = await findSubscriber(ctx, subscriberId)
  if (!subscriber) throw new pipelineErrors.SubscriberUnknown()
  return subscriber
}

/** Makes the subscriber of this external id, or changes it: what is left out stays, null forgets. */
export async function putSubscriber(
  ctx: Ctx,
  { external_id: externalId, ...input }: PutSubscriberInput,
): Promise<Subscriber> {
  const [known] = await findByExternalIds(ctx, [externalId])
  const [subscriber] = known ? [known] : await upsertSubscribers(ctx, [{ externalId }])
  if (!subscriber) throw new pipelineErrors.SubscriberUnknown()
  return updateSubscriber(ctx, subscriber.id, input)
}

/** Changes the fields given. */
export async function updateSubscriber(
  ctx: Ctx,
  subscriberId: string,
  { external_id: externalId, time_zone: timeZone, ...input }: UpdateSubscriberInput,
): Promise<Subscriber> {
  const [other] = externalId === undefined ? [] : await findByExternalIds(ctx, [externalId])
  if (other && other.id !== subscriberId) throw new pipelineErrors.ExternalIdTaken()
  const changes = given({ ...input, externalId, timeZone })
  const subscriber = await storeChanges(ctx, subscriberId, changes)
  if (!subscriber) throw new pipelineErrors.SubscriberUnknown()
  ctx.auditDetail = { fields: Object.keys(changes) }
  return subscriber
}

/** Removes a subscriber with inbox, preferences and topics; their tokens open nothing any more. */
export async function removeSubscriber(ctx: Ctx, subscriberId: string): Promise<void> {
  if (!(await deleteSubscriber(ctx, subscriberId))) throw new pipelineErrors.SubscriberUnknown()
  await forgetRecipient(ctx, subscriberId)
  forgetSubscriber(ctx, subscriberId)
}

/** A token for the browser of this subscriber. */
export async function createSubscriberToken(
  ctx: Ctx,
  subscriberId: string,
  ttlS: number,
): Promise<{ token: string; expiresAt: Date }> {
  await readSubscriber(ctx, subscriberId)
  const issuedAt = ctx.now()
  const expiresAt = new Date(issuedAt.getTime() + ttlS * 1000)
  const claims = { tenantId: ctx.tenant.id, subscriberId, issuedAt, expiresAt }
  ctx.auditDetail = { ttl_s: ttlS }
  return { token: makeSubscriberToken(ctx.secrets, claims), expiresAt }
}

/** Ends all tokens of a subscriber that were made until now, everywhere within a second. */
export async function revokeSubscriberTokens(ctx: Ctx, subscriberId: string): Promise<void> {
  // One made in this very millisecond ends too.
  const from = new Date(ctx.now().getTime() + 1)
  if (!(await endTokens(ctx, subscriberId, from))) throw new pipelineErrors.SubscriberUnknown()
  forgetSubscriber(ctx, subscriberId)
}

function given(values: { [K in keyof SubscriberChanges | 'externalId']?: unknown }): SubscriberChanges & {
  externalId?: string
} {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
