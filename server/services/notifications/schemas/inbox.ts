import { z } from 'zod'
import { id, page, timestamp } from '../../../kernel/schema.js'
import { COUNT_MAX, INBOX_STATES } from '../models/inbox-item.js'
import { categoryKey } from './pieces.js'

export const itemParams = z.strictObject({ itemId: id('item') })

export const listInboxQuery = z.strictObject({
  state: z
    .enum(INBOX_STATES)
    .default('active')
    .describe('active: neither archived nor snoozed; unread and read are among these.'),
  category: categoryKey.optional(),
  ...page,
})
export type ListInboxQuery = z.output<typeof listInboxQuery>

export const itemView = z
  .strictObject({
    id: z.uuid(),
    message_id: z.uuid(),
    category: z.string(),
    title: z.string(),
    body: z.string(),
    action_url: z.string().nullable(),
    is_seen: z.boolean(),
    is_read: z.boolean(),
    is_archived: z.boolean(),
    snoozed_until: timestamp.nullable(),
    sequence: z.int().describe('Of its last change; grows within the inbox.'),
    created_at: timestamp,
  })
  .meta({ id: 'InboxItem' })

export const countsView = z
  .strictObject({
    unread: z.int().describe(`Active and unread; counted to ${COUNT_MAX}.`),
    unseen: z.int().describe(`Of these, never shown; counted to ${COUNT_MAX}.`),
    sequence: z
      .int()
      .describe('The last change these counts know of: Last-Event-ID of a stream that goes on from here.'),
  })
  .meta({ id: 'InboxCounts' })

export const updateItemBody = z
  .strictObject({
    read: z.boolean().optional(),
    archived: z.boolean().optional(),
    snoozed_until: timestamp
      .nullable()
      .optional()
      .describe('Out of sight until then, and unread again when it comes back; within a year.'),
  })
  .refine((body) => Object.keys(body).length > 0, 'must change something')
  .meta({ examples: [{ read: true }] })
export type UpdateItemInput = z.output<typeof updateItemBody>

export const markBody = z
  .strictObject({ as: z.enum(['seen', 'read', 'archived']), category: categoryKey.optional() })
  .meta({ examples: [{ as: 'read' }] })

export const markedView = z.strictObject({
  marked: z.int().describe('At most 1,000 at a time: repeat while it answers that many.'),
})

/** Last-Event-ID of the inbox stream: a sequence number. */
export const inboxEventId = z
  .string()
  .regex(/^\d{1,15}$/)
  .describe('Sequence number of the last change that the client has.')

/** base64url as browsers give keys. */
const key = z
  .string()
  .min(16)
  .max(200)
  .regex(/^[A-Za-z0-9_-]+={0,2}$/, 'must be base64url')

export const pushSubscriptionBody = z
  .strictObject({
    endpoint: z.url({ protocol: /^https$/ }).max(1_024),
    keys: z.strictObject({ p256dh: key, auth: key }),
    expirationTime: z.number().nullable().optional().describe('As browsers send it; not looked at.'),
  })
  .meta({
    id: 'PushSubscriptionInput',
    description: 'A PushSubscription, as `JSON.stringify` of a browser makes it.',
    examples: [
      {
        endpoint: 'https://push.example.com/send/abc',
        keys: {
          p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
          auth: 'tBHItJI5svbpez7KI4CCXg',
        },
      },
    ],
  })
export type PushSubscriptionInput = z.output<typeof pushSubscriptionBody>

export const pushSubscriptionView = z
  .strictObject({
    id: z.uuid(),
    endpoint_host: z.string().describe('Whose push service it is; the rest of the endpoint is a capability.'),
    user_agent: z.string().nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'PushSubscription' })

export const listPushQuery = z.strictObject({ ...page })
