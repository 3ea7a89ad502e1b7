import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { listOf, noContent } from '../../../kernel/schema.js'
import { pipelineErrors } from '../errors/pipeline.js'
import {
  addToTopic,
  createTopic,
  listTopics,
  readTopic,
  removeFromTopic,
  removeTopic,
  renameTopic,
} from '../operations/manage-topics.js'
import { presentTopic } from '../present/recipients.js'
import {
  createTopicBody,
  joinTopicBody,
  listTopicsQuery,
  topicMemberParams,
  topicParams,
  topicView,
  updateTopicBody,
} from '../schemas/recipients.js'

const READING = unaudited('reading changes nothing')
const { TopicUnknown, TopicTaken, SubscriberUnknown } = pipelineErrors

const listTopicsRoute = defineRoute({
  id: 'listTopics',
  method: 'get',
  path: '/topics',
  summary: 'List topics',
  access: can('notifications.subscribers.read'),
  limit: 'read',
  audit: READING,
  input: { query: listTopicsQuery },
  output: listOf(topicView),
  handler: (ctx, { query }) => listTopics(ctx, query),
})

const createTopicRoute = defineRoute({
  id: 'createTopic',
  method: 'post',
  path: '/topics',
  summary: 'Make a topic',
  description: 'A named group of subscribers: `to: { topic }` sends to all of them.',
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'topic.created', target: 'result.id' },
  input: { body: createTopicBody },
  output: topicView,
  status: 201,
  location: ({ id }) => `/notifications/v1/topics/${id}`,
  errors: [TopicTaken],
  handler: async (ctx, { body }) => presentTopic(await createTopic(ctx, body)),
})

const getTopicRoute = defineRoute({
  id: 'getTopic',
  method: 'get',
  path: '/topics/:topicId',
  summary: 'Read a topic',
  access: can('notifications.subscribers.read'),
  limit: 'read',
  audit: READING,
  etag: true,
  input: { params: topicParams },
  output: topicView,
  errors: [TopicUnknown],
  handler: async (ctx, { params }) => presentTopic(await readTopic(ctx, params.topicId)),
})

const updateTopicRoute = defineRoute({
  id: 'updateTopic',
  method: 'patch',
  path: '/topics/:topicId',
  summary: 'Rename a topic',
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'topic.updated', target: 'params.topicId' },
  input: { params: topicParams, body: updateTopicBody },
  output: topicView,
  errors: [TopicUnknown],
  handler: async (ctx, { params, body }) => presentTopic(await renameTopic(ctx, params.topicId, body.name)),
})

const deleteTopicRoute = defineRoute({
  id: 'deleteTopic',
  method: 'delete',
  path: '/topics/:topicId',
  summary: 'Delete a topic',
  description: 'Its subscribers stay.',
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'topic.deleted', target: 'params.topicId' },
  input: { params: topicParams },
  output: noContent,
  status: 204,
  errors: [TopicUnknown],
  handler: (ctx, { params }) => removeTopic(ctx, params.topicId).then(() => undefined),
})

const joinTopicRoute = defineRoute({
  id: 'addSubscribersToTopic',
  method: 'post',
  path: '/topics/:topicId/subscribers',
  summary: 'Add subscribers to a topic',
  description: `Those that are not known yet are made. Safe to repeat. List them with GET /notifications/v1/subscribers?topic_id=….`,
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'topic.subscribers-added', target: 'params.topicId' },
  input: { params: topicParams, body: joinTopicBody },
  output: topicView,
  errors: [TopicUnknown],
  handler: async (ctx, { params, body }) =>
    presentTopic(await addToTopic(ctx, params.topicId, body.external_ids)),
})

const leaveTopicRoute = defineRoute({
  id: 'removeSubscriberFromTopic',
  method: 'delete',
  path: '/topics/:topicId/subscribers/:subscriberId',
  summary: 'Take a subscriber out of a topic',
  access: can('notifications.subscribers.manage'),
  limit: 'write',
  audit: { action: 'topic.subscriber-removed', target: 'params.topicId' },
  input: { params: topicMemberParams },
  output: noContent,
  status: 204,
  errors: [TopicUnknown, SubscriberUnknown],
  handler: (ctx, { params }) =>
    removeFromTopic(ctx, params.topicId, params.subscriberId).then(() => undefined),
})

/** Named groups of subscribers. */
export const topicRoutes = [
  listTopicsRoute,
  createTopicRoute,
  getTopicRoute,
  updateTopicRoute,
  deleteTopicRoute,
  joinTopicRoute,
  leaveTopicRoute,
]
