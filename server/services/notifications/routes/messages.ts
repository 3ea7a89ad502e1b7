import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { listOf } from '../../../kernel/schema.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { templateErrors } from '../errors/templates.js'
import { explain } from '../operations/explain.js'
import { cancelMessage, listMessages, readMessage } from '../operations/manage-messages.js'
import { sendNotifications } from '../operations/send-notifications.js'
import {
  presentAccepted,
  presentExplanation,
  presentMessage,
  presentMessageDetail,
} from '../present/messages.js'
import {
  acceptedView,
  batchBody,
  batchView,
  cancelView,
  explainBody,
  explainView,
  listMessagesQuery,
  messageDetailView,
  messageParams,
  messageView,
  sendBody,
} from '../schemas/messages.js'

const READING = unaudited('reading changes nothing')
const OWN_RECORD = unaudited('each message is its own record, and busy tenants send many in a second')
const REFUSALS = [
  templateErrors.TemplateUnknown,
  pipelineErrors.TemplateReserved,
  pipelineErrors.CategoryUnknown,
]

const sendRoute = defineRoute({
  id: 'sendNotification',
  method: 'post',
  path: '/send',
  summary: 'Send a message to people',
  description:
    'Accepted means kept: it will be sent whatever happens to this server. Whom it reaches and how is decided in the background by categories, preferences, quiet hours, throttles and digests; `explain` answers it beforehand.',
  access: can('notifications.send'),
  limit: 'verify',
  audit: OWN_RECORD,
  input: { body: sendBody },
  output: acceptedView,
  status: 202,
  location: ({ id }) => `/notifications/v1/messages/${id}`,
  errors: [...REFUSALS, pipelineErrors.TooFarAhead],
  handler: async (ctx, { body }) => {
    const [accepted] = await sendNotifications(ctx, [body])
    if (!accepted) throw new TypeError('one message was given and none accepted')
    return presentAccepted(accepted)
  },
})

const sendBatchRoute = defineRoute({
  id: 'sendNotifications',
  method: 'post',
  path: '/send/batch',
  summary: 'Send up to 100 messages',
  description: 'All are accepted or none; the answers are in the order of the messages.',
  access: can('notifications.send'),
  limit: 'verify',
  audit: OWN_RECORD,
  input: { body: batchBody },
  output: batchView,
  status: 202,
  location: () => '/notifications/v1/messages',
  errors: [...REFUSALS, pipelineErrors.TooFarAhead],
  handler: async (ctx, { body }) => ({
    data: (await sendNotifications(ctx, body.messages)).map(presentAccepted),
  }),
})

const explainRoute = defineRoute({
  id: 'explainNotification',
  method: 'post',
  path: '/explain',
  summary: 'Who would get what of a message, and why',
  description:
    'The same decision that sending makes, for up to 20 recipients, with every rule that has a say. Nothing is sent or changed.',
  access: can('notifications.explain'),
  limit: 'read',
  audit: READING,
  input: { body: explainBody },
  output: explainView,
  errors: REFUSALS,
  handler: async (ctx, { body }) => presentExplanation(await explain(ctx, body)),
})

const listMessagesRoute = defineRoute({
  id: 'listNotifications',
  method: 'get',
  path: '/messages',
  summary: 'List messages',
  access: can('notifications.deliveries.read'),
  limit: 'read',
  audit: READING,
  input: { query: listMessagesQuery },
  output: listOf(messageView),
  handler: (ctx, { query }) => listMessages(ctx, query),
})

const getMessageRoute = defineRoute({
  id: 'getNotification',
  method: 'get',
  path: '/messages/:messageId',
  summary: 'Read a message and what became of it',
  access: can('notifications.deliveries.read'),
  limit: 'read',
  audit: READING,
  input: { params: messageParams },
  output: messageDetailView,
  errors: [pipelineErrors.MessageUnknown],
  handler: async (ctx, { params }) => presentMessageDetail(await readMessage(ctx, params.messageId)),
})

const cancelMessageRoute = defineRoute({
  id: 'cancelNotification',
  method: 'post',
  path: '/messages/:messageId/cancel',
  summary: 'Take back what has not gone out',
  description:
    'Also deliveries that wait for quiet hours, steps of a fallback and items of digests. What a provider has cannot be called back.',
  access: can('notifications.deliveries.manage'),
  limit: 'write',
  audit: { action: 'notification.cancelled', target: 'params.messageId' },
  input: { params: messageParams },
  output: cancelView,
  errors: [pipelineErrors.MessageUnknown, pipelineErrors.NothingPending],
  handler: async (ctx, { params }) => {
    const { message, cancelled } = await cancelMessage(ctx, params.messageId)
    return { message: presentMessage(message), cancelled }
  },
})

/** Sending, asking what would be sent, and what was. */
export const messageRoutes = [
  sendRoute,
  sendBatchRoute,
  explainRoute,
  listMessagesRoute,
  getMessageRoute,
  cancelMessageRoute,
]
