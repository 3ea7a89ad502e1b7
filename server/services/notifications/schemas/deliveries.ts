import { z } from 'zod'
import { id, page, timestamp } from '../../../kernel/schema.js'
import { DELIVERY_STATUSES } from '../models/delivery.js'
import { categoryKey, channel, reasonView, rule } from './pieces.js'

export const deliveryParams = z.strictObject({ deliveryId: id('delivery') })

const status = z.enum(DELIVERY_STATUSES)

export const listDeliveriesQuery = z.strictObject({
  message_id: id('message').optional(),
  recipient_id: id('recipient').optional(),
  channel: channel.optional(),
  status: status.optional(),
  category: categoryKey.optional(),
  ...page,
})
export type ListDeliveriesQuery = z.output<typeof listDeliveriesQuery>

const costView = z
  .strictObject({
    micros: z.int().describe('Millionths of the unit of the currency.'),
    currency: z.string(),
  })
  .nullable()
const errorView = z.strictObject({ code: z.string(), message: z.string() }).nullable()

export const deliveryView = z
  .strictObject({
    id: z.uuid(),
    message_id: z.uuid(),
    recipient: z.strictObject({ kind: z.enum(['member', 'subscriber']), id: z.uuid() }),
    channel,
    category: z.string(),
    template: z.string(),
    status: status.describe(
      'waiting: a step of a chain. digested: part of the digest `digest_id`. sent: a provider has it.',
    ),
    rule: rule.describe('The rule that decided last.'),
    reasons: z.array(reasonView).describe('What decided when the message was processed; the last decided.'),
    step: z.int().nullable().describe('Place in a chain of fallbacks.'),
    run_at: timestamp.nullable().describe('When it is tried next.'),
    digest_id: z.uuid().nullable().describe('The message that this one went out with.'),
    attempts: z.int(),
    provider: z.string().nullable(),
    destination: z.string().nullable().describe('Masked.'),
    template_version: z.int().nullable().describe('Null: the template as shipped.'),
    locale: z.string().nullable(),
    cost: costView,
    error: errorView,
    sent_at: timestamp.nullable(),
    settled_at: timestamp.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Delivery' })

export const deliveryDetailView = z
  .strictObject({
    ...deliveryView.shape,
    attempt_list: z.array(
      z.strictObject({
        attempt: z.int(),
        outcome: z
          .enum(['sending', 'sent', 'failed', 'unknown'])
          .describe('unknown: the process ended in the middle; the provider may have taken it.'),
        provider: z.string().nullable(),
        provider_message_id: z.string().nullable(),
        error: errorView,
        is_retryable: z.boolean().nullable(),
        cost: costView,
        started_at: timestamp,
        finished_at: timestamp.nullable(),
      }),
    ),
  })
  .meta({ id: 'DeliveryDetail' })
