import { z } from 'zod'
import { id, jsonObject, jsonValue, listOf, page, timestamp } from '../../../../kernel/schema.js'
import { ATTEMPT_OUTCOMES } from '../models/webhook-attempt.js'
import { DELIVERY_STATUSES } from '../models/webhook-delivery.js'
import { MESSAGE_SOURCES } from '../models/webhook-message.js'
import { APP_TYPE, TYPE_MAX_LENGTH } from '../rules/event-types.js'
import { BODY_MAX_BYTES } from '../rules/payload.js'

export const messageParams = z.strictObject({ webhookMessageId: id('webhook message') })

const count = z.int()

export const replayMessageBody = z.strictObject({
  endpoint_id: id('webhook endpoint')
    .optional()
    .describe('Where to; all enabled endpoints it was meant for when left out.'),
})
export type ReplayMessageInput = z.infer<typeof replayMessageBody>

const deliveryView = z
  .strictObject({
    message_id: id('webhook message'),
    endpoint_id: id('webhook endpoint'),
    type: z.string(),
    status: z.enum(DELIVERY_STATUSES),
    reason: z.string().nullable().describe('Why it failed or was skipped.'),
    attempts: z.int(),
    next_attempt_at: timestamp.nullable(),
    settled_at: timestamp.nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'WebhookDelivery' })
export const deliveryList = listOf(deliveryView)
export type DeliveryView = z.input<typeof deliveryView>

export const listDeliveriesQuery = z.strictObject({
  ...page,
  status: z.enum(DELIVERY_STATUSES).optional(),
})
export type ListDeliveriesQuery = z.infer<typeof listDeliveriesQuery>

const attemptView = z
  .strictObject({
    id: id('attempt'),
    message_id: id('webhook message'),
    endpoint_id: id('webhook endpoint'),
    number: z.int().describe('1 for the first of its round.'),
    outcome: z.enum(ATTEMPT_OUTCOMES),
    status_code: z.int().nullable().describe('Of the answer; null when there was none.'),
    error_code: z.string().nullable(),
    error: z.string().nullable(),
    duration_ms: z.int(),
    response: z
      .string()
      .nullable()
      .describe('Beginning of the answer’s body where it is text, for those who may change endpoints.'),
    created_at: timestamp,
  })
  .meta({ id: 'WebhookAttempt' })
export const attemptList = listOf(attemptView)
export type AttemptView = z.input<typeof attemptView>

const attemptFilters = {
  ...page,
  outcome: z.enum(ATTEMPT_OUTCOMES).optional(),
  status_code: z.coerce.number().int().min(100).max(599).optional(),
}
export const endpointAttemptsQuery = z.strictObject({
  ...attemptFilters,
  message_id: id('webhook message').optional(),
})
export type EndpointAttemptsQuery = z.infer<typeof endpointAttemptsQuery>
export const messageAttemptsQuery = z.strictObject({
  ...attemptFilters,
  endpoint_id: id('webhook endpoint').optional(),
})
export type MessageAttemptsQuery = z.infer<typeof messageAttemptsQuery>

const appType = z
  .string()
  .max(TYPE_MAX_LENGTH)
  .regex(APP_TYPE, 'must be app. and words of letters, digits and _ between full stops')
  .meta({ examples: ['app.order.paid'] })

export const sendMessageBody = z.strictObject({
  type: appType,
  data: jsonObject({ maxBytes: BODY_MAX_BYTES }).describe('What happened: ids, rather than whole objects.'),
  occurred_at: timestamp.optional().describe('Now when left out.'),
})
export type SendMessageInput = z.infer<typeof sendMessageBody>

export const listMessagesQuery = z.strictObject({
  ...page,
  type: z.string().min(1).max(TYPE_MAX_LENGTH).optional(),
  source: z.enum(MESSAGE_SOURCES).optional(),
})
export type ListMessagesQuery = z.infer<typeof listMessagesQuery>

const messageHead = {
  id: id('webhook message').describe('Sent as `webhook-id`; the same over retries and replays.'),
  type: z.string(),
  source: z.enum(MESSAGE_SOURCES),
  occurred_at: timestamp,
  created_at: timestamp,
}

export const messageView = z
  .strictObject({
    ...messageHead,
    payload: jsonValue.describe('The body as it is sent.'),
    deliveries: z.array(deliveryView),
  })
  .meta({ id: 'WebhookMessage' })

const listedMessageView = z
  .strictObject({
    ...messageHead,
    deliveries: z.strictObject({ pending: count, delivered: count, failed: count, skipped: count }),
  })
  .meta({ id: 'ListedWebhookMessage' })
export const messageList = listOf(listedMessageView)
export type ListedMessageView = z.input<typeof listedMessageView>

export const eventTypeList = listOf(
  z
    .strictObject({
      type: z.string(),
      service: z.string(),
      description: z.string(),
      example: z
        .strictObject({ type: z.string(), timestamp, data: jsonValue })
        .describe('A payload as it is sent.'),
    })
    .meta({ id: 'EventType' }),
)
