import { z } from 'zod'
import { email, id, page, shortText, timestamp } from '../../../kernel/schema.js'
import { dataView, subscriberFacts } from './messages.js'
import { externalId, topicKey } from './pieces.js'

export const subscriberParams = z.strictObject({ subscriberId: id('subscriber') })
export const topicParams = z.strictObject({ topicId: id('topic') })
export const topicMemberParams = z.strictObject({
  topicId: id('topic'),
  subscriberId: id('subscriber'),
})

const { name, email: address, phone, locale, time_zone: timeZone, data } = subscriberFacts
/** The same as a resource: null forgets what was told before. */
const nullableFacts = {
  name: name.unwrap().nullable().optional(),
  email: address.unwrap().nullable().optional(),
  phone: phone.unwrap().nullable().optional(),
  locale: locale.unwrap().nullable().optional(),
  time_zone: timeZone.unwrap().nullable().optional(),
  data,
}

export const putSubscriberBody = z
  .strictObject({ external_id: externalId, ...nullableFacts })
  .meta({ examples: [{ external_id: 'customer-42', email: 'ada@example.com', name: 'Ada' }] })
export type PutSubscriberInput = z.output<typeof putSubscriberBody>

export const updateSubscriberBody = z.strictObject({
  external_id: externalId.optional(),
  ...nullableFacts,
})
export type UpdateSubscriberInput = z.output<typeof updateSubscriberBody>

export const listSubscribersQuery = z.strictObject({
  external_id: externalId.optional(),
  email: email.optional(),
  topic_id: id('topic').optional(),
  ...page,
})
export type ListSubscribersQuery = z.output<typeof listSubscribersQuery>

export const subscriberView = z
  .strictObject({
    id: z.uuid(),
    external_id: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    locale: z.string().nullable(),
    time_zone: z.string().nullable(),
    data: dataView,
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Subscriber' })

export const createTokenBody = z.strictObject({
  ttl_s: z.int().min(60).max(86_400).default(3_600).describe('For how long the token opens the inbox.'),
})

export const tokenView = z
  .strictObject({
    token: z.string().describe('For the browser or device of this subscriber, and nobody else.'),
    expires_at: timestamp,
  })
  .meta({ id: 'SubscriberToken' })

export const createTopicBody = z.strictObject({ key: topicKey, name: shortText({ max: 120 }) })
export const updateTopicBody = z.strictObject({ name: shortText({ max: 120 }) })

export const listTopicsQuery = z.strictObject({ key: topicKey.optional(), ...page })
export type ListTopicsQuery = z.output<typeof listTopicsQuery>

export const topicView = z
  .strictObject({
    id: z.uuid(),
    key: z.string(),
    name: z.string(),
    subscribers: z.int().describe('How many are in it.'),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Topic' })

export const joinTopicBody = z
  .strictObject({ external_ids: z.array(externalId).min(1).max(100) })
  .meta({ examples: [{ external_ids: ['customer-42'] }] })
