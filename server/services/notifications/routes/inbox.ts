import type { Ctx } from '../../../kernel/context.js'
import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { defineStream } from '../../../kernel/define-stream.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { channelErrors } from '../errors/channels.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { followInbox } from '../operations/follow-inbox.js'
import {
  addPushSubscription,
  listPushSubscriptions,
  removePushSubscription,
} from '../operations/manage-push.js'
import { checkSubscription } from '../operations/push.js'
import { countInbox, listInbox, markInbox, readItem, updateItem } from '../operations/use-inbox.js'
import { presentItem, presentPushSubscription } from '../present/inbox.js'
import { recipientOf } from '../recipient.js'
import {
  countsView,
  inboxEventId,
  itemParams,
  itemView,
  listInboxQuery,
  listPushQuery,
  markBody,
  markedView,
  pushSubscriptionBody,
  pushSubscriptionView,
  updateItemBody,
} from '../schemas/inbox.js'
import { pushParams } from '../schemas/preferences.js'

const READING = unaudited('reading changes nothing')
const OWN = unaudited("what somebody does in their own inbox is nobody else's business")
const access = can('notifications.inbox')
const { NobodysInbox, ItemUnknown, SubscriptionUnknown } = pipelineErrors

/** The caller's own, and no other: nothing of the request says whose. */
function self(ctx: Ctx) {
  return recipientOf(ctx.principal)
}

const listInboxRoute = defineRoute({
  id: 'listInbox',
  method: 'get',
  path: '/inbox',
  summary: "List the caller's own inbox",
  description: 'Of the person, or of the subscriber whose token is sent.',
  access,
  limit: 'read',
  audit: READING,
  input: { query: listInboxQuery },
  output: listOf(itemView),
  errors: [NobodysInbox],
  handler: (ctx, { query }) => listInbox(ctx, self(ctx), query),
})

const countsRoute = defineRoute({
  id: 'countInbox',
  method: 'get',
  path: '/inbox/counts',
  summary: 'How much is unread and unseen',
  access,
  limit: 'read',
  audit: READING,
  input: {},
  output: countsView,
  errors: [NobodysInbox],
  handler: (ctx) => countInbox(ctx, self(ctx)),
})

const streamRoute = defineStream({
  id: 'followInbox',
  path: '/inbox/stream',
  summary: 'Changes of the inbox as they happen',
  description:
    'An `item` for each that is new or changed, in order. Begins with the next change, or after Last-Event-ID: none is missed over a lost connection.',
  access,
  limit: 'read',
  audit: READING,
  input: {},
  events: { item: itemView },
  eventId: inboxEventId,
  errors: [NobodysInbox],
  handler: async (ctx, _input, { lastEventId, signal }) => {
    const after = lastEventId === null ? null : Number(lastEventId)
    const items = await followInbox(ctx, self(ctx), { after, signal })
    return (async function* () {
      for await (const item of items) {
        yield { id: String(item.sequence), event: 'item' as const, data: presentItem(item) }
      }
    })()
  },
})

const markRoute = defineRoute({
  id: 'markInbox',
  method: 'post',
  path: '/inbox/mark',
  summary: 'Mark all as seen, read or archived',
  access,
  limit: 'write',
  audit: OWN,
  input: { body: markBody },
  output: markedView,
  errors: [NobodysInbox],
  handler: async (ctx, { body }) => ({ marked: await markInbox(ctx, self(ctx), body) }),
})

const getItemRoute = defineRoute({
  id: 'getInboxItem',
  method: 'get',
  path: '/inbox/:itemId',
  summary: 'Read an item',
  description: 'Looking at it by this does not mark it as read.',
  access,
  limit: 'read',
  audit: READING,
  etag: true,
  input: { params: itemParams },
  output: itemView,
  errors: [NobodysInbox, ItemUnknown],
  handler: async (ctx, { params }) => presentItem(await readItem(ctx, self(ctx), params.itemId)),
})

const updateItemRoute = defineRoute({
  id: 'updateInboxItem',
  method: 'patch',
  path: '/inbox/:itemId',
  summary: 'Mark an item as read, archive or snooze it',
  description: 'Reading takes back the fallbacks that waited for it.',
  access,
  limit: 'write',
  audit: OWN,
  input: { params: itemParams, body: updateItemBody },
  output: itemView,
  errors: [NobodysInbox, ItemUnknown, pipelineErrors.TooFarAhead],
  handler: async (ctx, { params, body }) =>
    presentItem(await updateItem(ctx, self(ctx), params.itemId, body)),
})

const listPushRoute = defineRoute({
  id: 'listPushSubscriptions',
  method: 'get',
  path: '/push/subscriptions',
  summary: "List the caller's own browsers that are pushed to",
  access,
  limit: 'read',
  audit: READING,
  input: { query: listPushQuery },
  output: listOf(pushSubscriptionView),
  errors: [NobodysInbox],
  handler: (ctx, { query }) => listPushSubscriptions(ctx, self(ctx), query),
})

const addPushRoute = defineRoute({
  id: 'addPushSubscription',
  method: 'post',
  path: '/push/subscriptions',
  summary: 'Have a browser pushed to',
  description: "Takes the browser's PushSubscription as it is. Safe to repeat.",
  access,
  limit: 'write',
  audit: OWN,
  input: { body: pushSubscriptionBody },
  output: pushSubscriptionView,
  status: 201,
  location: () => '/notifications/v1/push/subscriptions',
  errors: [NobodysInbox, channelErrors.SubscriptionRefused, pipelineErrors.PushLimit],
  before: (ctx, { body }) => checkSubscription(ctx, { endpoint: body.endpoint, ...body.keys }),
  handler: async (ctx, { body }) => presentPushSubscription(await addPushSubscription(ctx, self(ctx), body)),
})

const removePushRoute = defineRoute({
  id: 'removePushSubscription',
  method: 'delete',
  path: '/push/subscriptions/:subscriptionId',
  summary: 'No longer push to a browser',
  access,
  limit: 'write',
  audit: OWN,
  input: { params: pushParams },
  output: noContent,
  status: 204,
  errors: [NobodysInbox, SubscriptionUnknown],
  handler: (ctx, { params }) =>
    removePushSubscription(ctx, self(ctx), params.subscriptionId).then(() => undefined),
})

/** The inbox of whoever calls, and the browsers that hear of it. */
export const inboxRoutes = [
  listInboxRoute,
  countsRoute,
  streamRoute,
  markRoute,
  getItemRoute,
  updateItemRoute,
  listPushRoute,
  addPushRoute,
  removePushRoute,
]
