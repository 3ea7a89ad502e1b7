import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { listOf } from '../../../kernel/schema.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { listDeliveries, readDelivery, retryDelivery } from '../operations/manage-deliveries.js'
import { presentDelivery, presentDeliveryDetail } from '../present/deliveries.js'
import {
  deliveryDetailView,
  deliveryParams,
  deliveryView,
  listDeliveriesQuery,
} from '../schemas/deliveries.js'

const READING = unaudited('reading changes nothing')

const listDeliveriesRoute = defineRoute({
  id: 'listDeliveries',
  method: 'get',
  path: '/deliveries',
  summary: 'List deliveries',
  description:
    'One for each message, recipient and channel, also for those that were not sent, with the reasons.',
  access: can('notifications.deliveries.read'),
  limit: 'read',
  audit: READING,
  input: { query: listDeliveriesQuery },
  output: listOf(deliveryView),
  handler: (ctx, { query }) => listDeliveries(ctx, query),
})

const getDeliveryRoute = defineRoute({
  id: 'getDelivery',
  method: 'get',
  path: '/deliveries/:deliveryId',
  summary: 'Read a delivery and all that was tried',
  access: can('notifications.deliveries.read'),
  limit: 'read',
  audit: READING,
  input: { params: deliveryParams },
  output: deliveryDetailView,
  errors: [pipelineErrors.DeliveryUnknown],
  handler: async (ctx, { params }) => presentDeliveryDetail(await readDelivery(ctx, params.deliveryId)),
})

const retryDeliveryRoute = defineRoute({
  id: 'retryDelivery',
  method: 'post',
  path: '/deliveries/:deliveryId/retry',
  summary: 'Send a failed delivery again',
  description: 'Also one that bounced. Preferences, suppressions and quiet hours are asked anew.',
  access: can('notifications.deliveries.manage'),
  limit: 'write',
  audit: { action: 'delivery.retried', target: 'params.deliveryId' },
  input: { params: deliveryParams },
  output: deliveryView,
  errors: [pipelineErrors.DeliveryUnknown, pipelineErrors.NotRetryable],
  handler: async (ctx, { params }) => presentDelivery(await retryDelivery(ctx, params.deliveryId)),
})

/** What became of messages, recipient by recipient and channel by channel. */
export const deliveryRoutes = [listDeliveriesRoute, getDeliveryRoute, retryDeliveryRoute]
