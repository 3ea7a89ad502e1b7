import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { webhookErrors } from '../webhooks/errors.js'
import { checkDestination } from '../webhooks/operations/check-destination.js'
import { createEndpoint, type IssuedEndpoint } from '../webhooks/operations/create-endpoint.js'
import { deleteEndpoint } from '../webhooks/operations/delete-endpoint.js'
import { requireEndpoint } from '../webhooks/operations/find-endpoint.js'
import { listEndpointAttempts } from '../webhooks/operations/read-attempts.js'
import { listEndpointDeliveries, listEndpoints, readStats } from '../webhooks/operations/read-endpoints.js'
import { rotateKeys } from '../webhooks/operations/rotate-keys.js'
import { startReplay } from '../webhooks/operations/start-replay.js'
import { testEndpoint } from '../webhooks/operations/test-endpoint.js'
import { updateEndpoint } from '../webhooks/operations/update-endpoint.js'
import { presentEndpoint } from '../webhooks/present.js'
import {
  createdEndpointView,
  createEndpointBody,
  endpointParams,
  endpointView,
  listEndpointsQuery,
  replayEndpointBody,
  rotateBody,
  startedJobView,
  statsQuery,
  statsView,
  testBody,
  updateEndpointBody,
} from '../webhooks/schemas/endpoints.js'
import {
  attemptList,
  deliveryList,
  endpointAttemptsQuery,
  listDeliveriesQuery,
  messageView,
} from '../webhooks/schemas/messages.js'
import { webhookMessageRoutes } from './webhook-messages.js'

const reading = unaudited('reading changes nothing')

function presentIssued({ endpoint, secret }: IssuedEndpoint) {
  return { ...presentEndpoint(endpoint), secret }
}

const createEndpointRoute = defineRoute({
  id: 'createWebhookEndpoint',
  method: 'post',
  path: '/webhook-endpoints',
  summary: 'Make a webhook endpoint',
  description:
    'Messages are sent as Standard Webhooks 1.0.0 says, at least once and in no order. The answer holds the shared ' +
    'secret; it is never shown again.',
  access: can('notifications.webhooks.manage'),
  limit: 'write',
  audit: { action: 'webhook_endpoint.created', target: 'result.id' },
  input: { body: createEndpointBody },
  output: createdEndpointView,
  status: 201,
  location: ({ id }) => `/notifications/v1/webhook-endpoints/${id}`,
  errors: [
    ...[webhookErrors.WebhookUrlRefused, webhookErrors.WebhookEventTypesUnknown],
    webhookErrors.WebhookEndpointLimit,
  ],
  before: (ctx, { body }) => checkDestination(ctx, body.url),
  handler: async (ctx, { body }) => presentIssued(await createEndpoint(ctx, body)),
})

const listEndpointsRoute = defineRoute({
  id: 'listWebhookEndpoints',
  method: 'get',
  path: '/webhook-endpoints',
  summary: 'List webhook endpoints',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  input: { query: listEndpointsQuery },
  output: listOf(endpointView),
  handler: (ctx, { query }) => listEndpoints(ctx, query),
})

const getEndpointRoute = defineRoute({
  id: 'getWebhookEndpoint',
  method: 'get',
  path: '/webhook-endpoints/:endpointId',
  summary: 'Read a webhook endpoint',
  description: 'Receivers of `v1a` signatures find the public key in `signing`.',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  etag: true,
  input: { params: endpointParams },
  output: endpointView,
  errors: [webhookErrors.WebhookEndpointNotFound],
  handler: async (ctx, { params }) => presentEndpoint(await requireEndpoint(ctx, params.endpointId)),
})

const updateEndpointRoute = defineRoute({
  id: 'updateWebhookEndpoint',
  method: 'patch',
  path: '/webhook-endpoints/:endpointId',
  summary: 'Change, enable or disable a webhook endpoint',
  description:
    'Changes the fields given. `headers` replaces all custom headers. Enabling one that was disabled forgets its failures.',
  access: can('notifications.webhooks.manage'),
  limit: 'write',
  audit: { action: 'webhook_endpoint.updated', target: 'params.endpointId' },
  input: { params: endpointParams, body: updateEndpointBody },
  output: endpointView,
  errors: [
    ...[webhookErrors.WebhookEndpointNotFound, webhookErrors.WebhookUrlRefused],
    webhookErrors.WebhookEventTypesUnknown,
  ],
  before: (ctx, { body }) => checkDestination(ctx, body.url),
  handler: async (ctx, { params, body }) =>
    presentEndpoint(await updateEndpoint(ctx, params.endpointId, body)),
})

const deleteEndpointRoute = defineRoute({
  id: 'deleteWebhookEndpoint',
  method: 'delete',
  path: '/webhook-endpoints/:endpointId',
  summary: 'Delete a webhook endpoint',
  description: 'Nothing is sent to it any more; what was sent stays on record with its messages.',
  access: can('notifications.webhooks.manage'),
  limit: 'write',
  audit: { action: 'webhook_endpoint.deleted', target: 'params.endpointId' },
  input: { params: endpointParams },
  output: noContent,
  status: 204,
  errors: [webhookErrors.WebhookEndpointNotFound],
  handler: async (ctx, { params }) => {
    await deleteEndpoint(ctx, params.endpointId)
    return undefined
  },
})

const rotateKeysRoute = defineRoute({
  id: 'rotateWebhookKeys',
  method: 'post',
  path: '/webhook-endpoints/:endpointId/rotate',
  summary: 'Give a webhook endpoint new signing keys',
  description:
    'Until `overlap_s` is over each message carries signatures of the old and of the new keys. The answer holds the new ' +
    'shared secret; it is never shown again.',
  access: can('notifications.webhooks.manage'),
  limit: 'write',
  audit: { action: 'webhook_endpoint.keys_rotated', target: 'params.endpointId' },
  input: { params: endpointParams, body: rotateBody.prefault({}) },
  output: createdEndpointView,
  errors: [webhookErrors.WebhookEndpointNotFound, webhookErrors.WebhookTooManyKeys],
  handler: async (ctx, { params, body }) => presentIssued(await rotateKeys(ctx, params.endpointId, body)),
})

const testEndpointRoute = defineRoute({
  id: 'testWebhookEndpoint',
  method: 'post',
  path: '/webhook-endpoints/:endpointId/test',
  summary: 'Send an example to a webhook endpoint',
  description:
    'It is sent once, also while the endpoint is disabled, with `"test": true` in its body. How it went is in the ' +
    'attempts of the message.',
  access: can('notifications.webhooks.manage'),
  limit: 'write',
  audit: { action: 'webhook_endpoint.tested', target: 'params.endpointId' },
  input: { params: endpointParams, body: testBody.prefault({}) },
  output: messageView,
  status: 202,
  location: ({ id }) => `/notifications/v1/webhook-messages/${id}`,
  errors: [webhookErrors.WebhookEndpointNotFound, webhookErrors.WebhookEventTypesUnknown],
  handler: (ctx, { params, body }) => testEndpoint(ctx, params.endpointId, body),
})

const replayEndpointRoute = defineRoute({
  id: 'replayWebhookEndpoint',
  method: 'post',
  path: '/webhook-endpoints/:endpointId/replay',
  summary: 'Send again what failed',
  description:
    'A job sends all that failed or was skipped in the time given, the oldest first and 10,000 messages at most, each ' +
    'with the `webhook-id` it had.',
  access: can('notifications.webhooks.manage'),
  limit: 'write',
  audit: { action: 'webhook_endpoint.replayed', target: 'params.endpointId' },
  input: { params: endpointParams, body: replayEndpointBody },
  output: startedJobView,
  status: 202,
  location: ({ job_id }) => `/workers/v1/jobs/${job_id}`,
  errors: [
    ...[webhookErrors.WebhookEndpointNotFound, webhookErrors.WebhookEndpointDisabled],
    webhookErrors.WebhookReplayRange,
  ],
  handler: (ctx, { params, body }) => startReplay(ctx, params.endpointId, body),
})

const statsRoute = defineRoute({
  id: 'getWebhookEndpointStats',
  method: 'get',
  path: '/webhook-endpoints/:endpointId/stats',
  summary: 'How a webhook endpoint does',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  input: { params: endpointParams, query: statsQuery },
  output: statsView,
  errors: [webhookErrors.WebhookEndpointNotFound],
  handler: (ctx, { params, query }) => readStats(ctx, params.endpointId, query),
})

const endpointDeliveriesRoute = defineRoute({
  id: 'listWebhookEndpointDeliveries',
  method: 'get',
  path: '/webhook-endpoints/:endpointId/deliveries',
  summary: 'List what was sent to a webhook endpoint',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  input: { params: endpointParams, query: listDeliveriesQuery },
  output: deliveryList,
  errors: [webhookErrors.WebhookEndpointNotFound],
  handler: (ctx, { params, query }) => listEndpointDeliveries(ctx, params.endpointId, query),
})

const endpointAttemptsRoute = defineRoute({
  id: 'listWebhookEndpointAttempts',
  method: 'get',
  path: '/webhook-endpoints/:endpointId/attempts',
  summary: 'List the requests made to a webhook endpoint',
  access: can('notifications.webhooks.read'),
  limit: 'read',
  audit: reading,
  input: { params: endpointParams, query: endpointAttemptsQuery },
  output: attemptList,
  errors: [webhookErrors.WebhookEndpointNotFound],
  handler: (ctx, { params, query }) => listEndpointAttempts(ctx, params.endpointId, query),
})

/** Webhooks: endpoints, then messages and event types, in URL order. */
export const webhookRoutes = [
  createEndpointRoute,
  listEndpointsRoute,
  getEndpointRoute,
  updateEndpointRoute,
  deleteEndpointRoute,
  rotateKeysRoute,
  testEndpointRoute,
  replayEndpointRoute,
  statsRoute,
  endpointDeliveriesRoute,
  endpointAttemptsRoute,
  ...webhookMessageRoutes,
]
