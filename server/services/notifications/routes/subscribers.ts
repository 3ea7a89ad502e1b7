import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { readOwnPreferences, setOwnPreferences } from '../operations/manage-preferences.js'
import {
  createSubscriberToken,
  listSubscribers,
  putSubscriber,
  readSubscriber,
  removeSubscriber,
  revokeSubscriberTokens,
  updateSubscriber,
} from '../operations/manage-subscribers.js'
import { presentPreferences } from '../present/preferences.js'
import { presentSubscriber } from '../present/recipients.js'
import { preferencesBody, preferencesView } from '../schemas/preferences.js'
import {
  createTokenBody,
  listSubscribersQuery,
  putSubscriberBody,
  subscriberParams,
  subscriberView,
  tokenView,
  updateSubscriberBody,
} from '../schemas/recipients.js'

const READING = unaudited('reading changes nothing')
const { SubscriberUnknown, ExternalIdTaken } = pipelineErrors

const listSubscribersRoute = defineRoute({
  id: 'listSubscribers',
  method: 'get',
  path: '/subscribers',
  summary: 'List subscribers',
  access: can('notifications.subscribers.read'),
  limit: 'read',
  audit: READING,
  input: { query: listSubscribersQuery },
  output: listOf(subscriberView),
  handler: (ctx, { query }) => listSubscribers(ctx, query),
})

const putSubscriberRoute = defineRoute({
  id: 'putSubscriber',
  method: 'put',
  path: '/subscribers',
  summary: 'Make or change a subscriber by your own id',
  description:
    'A subscriber is an end user of yours. What is left out stays as it is, null forgets. Sending to an external_id makes one too.',
  access: can('notifications.subscribers.manage'),
  limit: 'verify',
  audit: unaudited('subscribers are kept in step with your own users, many at a time'),
  input: { body: putSubscriberBody },
  output: subscriberView,
  handler: async (ctx, { body }) => presentSubscriber(await putSubscriber(ctx, body)),
})

const getSubscriberRoute = defineRoute({
  id: 'getSubscriber',
  method: 'get',
  path: '/subscribers/:subscriberId',
  summary: 'Read a subscriber',
  access: can('notifications.subscribers.read'),
  limit: 'read',
  audit: READING,
  etag: true,
  input: { params: subscriberParams },
  output: subscriberView,
  errors: [SubscriberUnknown],
  handler: async (ctx, { params }) => presentSubscriber(await readSubscriber(ctx, params.subscriberId)),
})

const updateSubscriberRoute = defineRoute({
  id: 'updateSubscriber',
  method: 'patch',
  path: '/subscribers/:subscriberId',
  summary: 'Change a subscriber',
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'subscriber.updated', target: 'params.subscriberId' },
  input: { params: subscriberParams, body: updateSubscriberBody },
  output: subscriberView,
  errors: [SubscriberUnknown, ExternalIdTaken],
  handler: async (ctx, { params, body }) =>
    presentSubscriber(await updateSubscriber(ctx, params.subscriberId, body)),
})

const deleteSubscriberRoute = defineRoute({
  id: 'deleteSubscriber',
  method: 'delete',
  path: '/subscribers/:subscriberId',
  summary: 'Delete a subscriber',
  description: 'With inbox, preferences and topics; what waits for them is taken back and their tokens end.',
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'subscriber.deleted', target: 'params.subscriberId' },
  input: { params: subscriberParams },
  output: noContent,
  status: 204,
  errors: [SubscriberUnknown],
  handler: (ctx, { params }) => removeSubscriber(ctx, params.subscriberId).then(() => undefined),
})

const createTokenRoute = defineRoute({
  id: 'createSubscriberToken',
  method: 'post',
  path: '/subscribers/:subscriberId/tokens',
  summary: "Make a token for a subscriber's browser",
  description:
    "Give it to the subscriber you have authenticated, and to nobody else: it opens this subscriber's inbox, preferences and push subscriptions, of `/inbox`, `/preferences` and `/push/subscriptions`, until it expires.",
  access: can('notifications.subscribers.manage'),
  limit: 'verify',
  audit: unaudited('backends ask for one at every page view'),
  input: { params: subscriberParams, body: createTokenBody.prefault({}) },
  output: tokenView,
  errors: [SubscriberUnknown],
  handler: async (ctx, { params, body }) => {
    const { token, expiresAt } = await createSubscriberToken(ctx, params.subscriberId, body.ttl_s)
    return { token, expires_at: expiresAt.toISOString() }
  },
})

const revokeTokensRoute = defineRoute({
  id: 'revokeSubscriberTokens',
  method: 'delete',
  path: '/subscribers/:subscriberId/tokens',
  summary: 'End all tokens of a subscriber',
  description: 'Those made until now open nothing within a second.',
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'subscriber.tokens-revoked', target: 'params.subscriberId' },
  input: { params: subscriberParams },
  output: noContent,
  status: 204,
  errors: [SubscriberUnknown],
  handler: (ctx, { params }) => revokeSubscriberTokens(ctx, params.subscriberId).then(() => undefined),
})

const getSubscriberPreferencesRoute = defineRoute({
  id: 'getSubscriberPreferences',
  method: 'get',
  path: '/subscribers/:subscriberId/preferences',
  summary: "Read a subscriber's preferences",
  access: can('notifications.subscribers.read'),
  limit: 'read',
  audit: READING,
  etag: true,
  input: { params: subscriberParams },
  output: preferencesView,
  errors: [SubscriberUnknown],
  handler: async (ctx, { params }) => {
    const { id } = await readSubscriber(ctx, params.subscriberId)
    return presentPreferences(await readOwnPreferences(ctx, { kind: 'subscriber', id }))
  },
})

const putSubscriberPreferencesRoute = defineRoute({
  id: 'putSubscriberPreferences',
  method: 'put',
  path: '/subscribers/:subscriberId/preferences',
  summary: "Set a subscriber's preferences",
  description:
    'For what the subscriber chose in a page of yours. What is left out is as if nothing was chosen.',
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'subscriber.preferences-set', target: 'params.subscriberId' },
  input: { params: subscriberParams, body: preferencesBody },
  output: preferencesView,
  errors: [SubscriberUnknown],
  handler: async (ctx, { params, body }) => {
    const { id } = await readSubscriber(ctx, params.subscriberId)
    return presentPreferences(await setOwnPreferences(ctx, { kind: 'subscriber', id }, body))
  },
})

/** End users of the tenant. */
export const subscriberRoutes = [
  listSubscribersRoute,
  putSubscriberRoute,
  getSubscriberRoute,
  updateSubscriberRoute,
  deleteSubscriberRoute,
  createTokenRoute,
  revokeTokensRoute,
  getSubscriberPreferencesRoute,
  putSubscriberPreferencesRoute,
]
