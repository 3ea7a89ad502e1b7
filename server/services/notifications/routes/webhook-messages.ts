import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { nothing } from '../../../kernel/schema.js'
import { webhookErrors } from '../webhooks/errors.js'
import { listEventTypes } from '../webhooks/operations/list-event-types.js'
import { listMessageAttempts } from '../webhooks/operations/read-attempts.js'
import { listMessages, readMessage } from '../webhooks/operations/read-messages.js'
import { replayMessage } from '../webhooks/operations/replay-message.js'
import { sendAppMessage } from '../webhooks/operations/send-webhook.js'
import {
  attemptList,
  eventTypeList,
  listMessagesQuery,
  messageAttemptsQuery,
  messageList,
  messageParams,
  messageView,
  replayMessageBody,
  sendMessageBody,
} from '../webhooks/schemas/messages.js'

const reading = unaudited('reading changes nothing')

const sendMessageRoute = defineRoute({
  id: 'sendWebhookMessage',
  method: 'post',
  path: '/webhook-messages',
  summary: 'Send a message of your own to webhook endpoints',
  description: 'It goes to every endpoint that subscribes to its type, to `app.*` or to `*`.',
  access: can('notifications.webhooks.send'),
  limit: 'write',
  audit: unaudited('every message and what became of it is on record by itself'),
  input: { body: sendMessageBody },
  output: messageView,
  status: 201,
  location: ({ id }) => `/notifications/v1/webhook-messages/${id}`,
  errors: [webhookErrors.WebhookPayloadTooLarge],
  handler: (ctx, { body }) => sendAppMessage(ctx, body),
})

const listMessagesRoute = defineRoute({
  id: 'listWebhookMessages',
  method: 'get',
  path: '/webhook-messages',
  summary: 'List messages to webhook endpoints',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  input: { query: listMessagesQuery },
  output: messageList,
  handler: (ctx, { query }) => listMessages(ctx, query),
})

const getMessageRoute = defineRoute({
  id: 'getWebhookMessage',
  method: 'get',
  path: '/webhook-messages/:webhookMessageId',
  summary: 'Read a message to webhook endpoints, and how its deliveries stand',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  input: { params: messageParams },
  output: messageView,
  errors: [webhookErrors.WebhookMessageNotFound],
  handler: (ctx, { params }) => readMessage(ctx, params.webhookMessageId),
})

const messageAttemptsRoute = defineRoute({
  id: 'listWebhookMessageAttempts',
  method: 'get',
  path: '/webhook-messages/:webhookMessageId/attempts',
  summary: 'List the requests made with a message',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  input: { params: messageParams, query: messageAttemptsQuery },
  output: attemptList,
  errors: [webhookErrors.WebhookMessageNotFound],
  handler: (ctx, { params, query }) => listMessageAttempts(ctx, params.webhookMessageId, query),
})

const replayMessageRoute = defineRoute({
  id: 'replayWebhookMessage',
  method: 'post',
  path: '/webhook-messages/:webhookMessageId/replay',
  summary: 'Send a message again',
  description:
    'With the same `webhook-id` and a fresh timestamp, from the first attempt on; also what was delivered before, or ' +
    'waits for its next attempt.',
  access: can('notifications.webhooks.manage'),
  limit: 'write',
  audit: { action: 'webhook_message.replayed', target: 'params.webhookMessageId' },
  input: { params: messageParams, body: replayMessageBody.prefault({}) },
  output: messageView,
  status: 202,
  location: ({ id }) => `/notifications/v1/webhook-messages/${id}`,
  errors: [
    ...[webhookErrors.WebhookMessageNotFound, webhookErrors.WebhookEndpointNotFound],
    webhookErrors.WebhookEndpointDisabled,
  ],
  handler: (ctx, { params, body }) => replayMessage(ctx, params.webhookMessageId, body),
})

const eventTypesRoute = defineRoute({
  id: 'listEventTypes',
  method: 'get',
  path: '/event-types',
  summary: 'List the event types that webhook endpoints may subscribe to',
  description:
    'Each with what it means and an example. Types of your own begin with `app.` and are not listed.',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  input: { query: nothing },
  output: eventTypeList,
  handler: (ctx) => listEventTypes(ctx),
})

/** Messages and the types they are of, in URL order. */
export const webhookMessageRoutes = [
  sendMessageRoute,
  listMessagesRoute,
  getMessageRoute,
  messageAttemptsRoute,
  replayMessageRoute,
  eventTypesRoute,
]
