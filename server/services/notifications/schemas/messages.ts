import { z } from 'zod'
import { MEMBERSHIP_ROLES } from '../../../kernel/principal.js'
import { email, id, jsonObject, jsonValue, page, shortText, timestamp } from '../../../kernel/schema.js'
import { DELIVERY_STATUSES } from '../models/delivery.js'
import {
  categoryKey,
  channel,
  digest,
  externalId,
  locale,
  longText,
  phone,
  reasonView,
  templateKey,
  throttle,
  timeZone,
  topicKey,
  webAddress,
} from './pieces.js'

/** Longest time a message may be put off. */
export const DELAY_MAX_S = 366 * 86_400
const DATA_MAX_BYTES = 65_536
const STEPS_MAX = 5

export const messageParams = z.strictObject({ messageId: id('message') })

/** What a tenant tells of a subscriber. */
export const subscriberFacts = {
  name: shortText({ max: 200 }).optional(),
  email: email.optional(),
  phone: phone.optional(),
  locale: locale.optional(),
  time_zone: timeZone.optional(),
  data: jsonObject({ maxBytes: 16_384 }).optional().describe('Values for templates.'),
}

const addressee = z.union([
  z
    .strictObject({ external_id: externalId, ...subscriberFacts })
    .describe('A subscriber, made or changed by what is given.'),
  z.strictObject({ user_id: id('member') }).describe('A member of the organisation.'),
  z.strictObject({ topic: topicKey }).describe('Every subscriber of a topic.'),
  z.strictObject({ role: z.enum(MEMBERSHIP_ROLES) }).describe('Every member with this role.'),
])
export type AddresseeInput = z.output<typeof addressee>

const content = z
  .strictObject({
    title: shortText({ max: 200 }),
    body: longText({ max: 4_000 }),
    action_url: webAddress.optional(),
    action_label: shortText({ max: 60 }).optional(),
  })
  .describe('Words of a message without a template of its own.')

const step = z.strictObject({
  channel,
  after_s: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(600)
    .describe(
      'How long the message may stay unread in the inbox before this step; of no meaning for the first.',
    ),
})

const overrides = z
  .strictObject({
    email: z.strictObject({ to: email.optional(), subject: shortText({ max: 200 }).optional() }).optional(),
    sms: z.strictObject({ to: phone.optional(), text: longText({ max: 1_000 }).optional() }).optional(),
    in_app: z
      .strictObject({
        title: shortText({ max: 200 }).optional(),
        body: longText({ max: 4_000 }).optional(),
        action_url: webAddress.optional(),
      })
      .optional(),
    push: z
      .strictObject({
        title: shortText({ max: 200 }).optional(),
        body: longText({ max: 1_000 }).optional(),
        url: webAddress.optional(),
      })
      .optional(),
  })
  .describe('Other addresses, and words in place of those of the template, by channel.')

const noTwice = (list: readonly { channel: string }[]) =>
  new Set(list.map((one) => one.channel)).size === list.length

const whatFields = {
  to: z
    .union([addressee, z.array(addressee).min(1).max(100)])
    .transform((to) => (Array.isArray(to) ? to : [to])),
  template: templateKey.optional(),
  content: content.optional(),
  data: jsonObject({ maxBytes: DATA_MAX_BYTES }).default({}).describe('Values for the template.'),
  category: categoryKey.optional().describe("The template's where left out."),
  channels: z
    .array(channel)
    .min(1)
    .max(STEPS_MAX)
    .refine((list) => new Set(list).size === list.length, 'names a channel twice')
    .optional()
    .describe('All at once; what the template has words for, without SMS, where left out.'),
  fallback: z
    .array(step)
    .min(1)
    .max(STEPS_MAX)
    .refine(noTwice, 'names a channel twice')
    .optional()
    .describe('One after the other: each step where the one before failed or stayed unread.'),
  overrides: overrides.optional(),
  digest: digest.optional(),
  throttle: z
    .strictObject({ ...throttle.shape, key: shortText({ max: 100 }).optional() })
    .optional()
    .describe('Counted for each recipient by `key`, else by template.'),
}

const whenFields = {
  transaction_id: shortText({ max: 128 })
    .optional()
    .describe('Your own id of what happened: a second message with it is not sent, whenever it comes.'),
  send_at: timestamp.optional().describe('Not before; within a year.'),
  delay_s: z.int().min(1).max(DELAY_MAX_S).optional(),
}

interface What {
  template?: string | undefined
  content?: object | undefined
  category?: string | undefined
  channels?: unknown[] | undefined
  fallback?: unknown[] | undefined
  digest?: object | undefined
}

function checkWhat(what: What, check: z.core.$RefinementCtx): void {
  const refuse = (field: string, message: string) =>
    check.addIssue({ code: 'custom', path: [field], message })
  if ((what.template === undefined) === (what.content === undefined))
    refuse('template', 'give either `template` or `content`')
  if (what.content && what.category === undefined) refuse('category', 'is needed with `content`')
  if (what.channels && what.fallback) refuse('fallback', 'give either `channels` or `fallback`')
  if (what.digest && what.fallback) refuse('digest', 'cannot be combined with `fallback`')
}

const EXAMPLE = {
  to: { external_id: 'customer-42', email: 'ada@example.com', name: 'Ada' },
  content: { title: 'Your report is ready', body: 'It took four minutes.' },
  category: 'product',
  channels: ['in_app', 'email'],
}

export const sendBody = z
  .strictObject({ ...whatFields, ...whenFields })
  .superRefine(checkWhat)
  .refine(({ send_at, delay_s }) => send_at === undefined || delay_s === undefined, {
    path: ['delay_s'],
    message: 'give either `send_at` or `delay_s`',
  })
  .meta({ id: 'SendNotification', examples: [EXAMPLE] })
export type SendInput = z.output<typeof sendBody>

export const batchBody = z
  .strictObject({ messages: z.array(sendBody).min(1).max(100) })
  .meta({ examples: [{ messages: [EXAMPLE] }] })

export const acceptedView = z
  .strictObject({
    id: z.uuid(),
    status: z.enum(['accepted', 'processed', 'cancelled', 'failed']),
    transaction_id: z.string().nullable(),
    is_duplicate: z.boolean().describe('Its transaction_id was used before: this is that message.'),
    send_at: timestamp.nullable(),
  })
  .meta({ id: 'AcceptedNotification' })

export const batchView = z.strictObject({ data: z.array(acceptedView) })

const unresolvedView = z.strictObject({ what: z.enum(['user', 'topic']), name: z.string() })

export const messageView = z
  .strictObject({
    id: z.uuid(),
    kind: z.enum(['message', 'digest']),
    status: z
      .enum(['accepted', 'processed', 'cancelled', 'failed'])
      .describe('processed: it was decided for all recipients; what became of each is in its deliveries.'),
    transaction_id: z.string().nullable(),
    template: z.string(),
    category: z.string(),
    send_at: timestamp.nullable(),
    recipients: z.int().describe('For how many it was decided.'),
    unresolved: z.array(unresolvedView).describe('Entries of `to` that named nobody.'),
    error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
    processed_at: timestamp.nullable(),
    created_by: z.string(),
    created_at: timestamp,
  })
  .meta({ id: 'Notification' })

export const messageDetailView = z
  .strictObject({
    ...messageView.shape,
    deliveries: z.partialRecord(z.enum(DELIVERY_STATUSES), z.int()).describe('How many are in which status.'),
  })
  .meta({ id: 'NotificationDetail' })

export const listMessagesQuery = z.strictObject({
  status: z.enum(['accepted', 'processed', 'cancelled', 'failed']).optional(),
  category: categoryKey.optional(),
  template: templateKey.optional(),
  transaction_id: shortText({ max: 128 }).optional(),
  ...page,
})
export type ListMessagesQuery = z.output<typeof listMessagesQuery>

export const cancelView = z.strictObject({
  message: messageView,
  cancelled: z.int().describe('Deliveries that were taken back.'),
})

const namedOnly = (to: AddresseeInput[]) => to.every((one) => 'user_id' in one || 'external_id' in one)

export const explainBody = z
  .strictObject({
    ...whatFields,
    at: timestamp.optional().describe('As if it were then; now where left out.'),
  })
  .superRefine(checkWhat)
  .refine(({ to }) => to.length <= 20, { path: ['to'], message: 'names more than 20 recipients' })
  .refine(({ to }) => namedOnly(to), { path: ['to'], message: 'takes recipients, no topics or roles' })
  .meta({ id: 'ExplainNotification', examples: [EXAMPLE] })
export type ExplainInput = z.output<typeof explainBody>

export const recipientView = z
  .strictObject({
    kind: z.enum(['member', 'subscriber']),
    id: z.uuid(),
    external_id: z.string().nullable(),
    name: z.string().nullable(),
  })
  .meta({ id: 'NotificationRecipient' })

export const explainView = z
  .strictObject({
    at: timestamp,
    category: z.string(),
    is_critical: z.boolean(),
    recipients: z.array(
      z.strictObject({
        recipient: recipientView.extend({ id: z.uuid().nullable().describe('Null: not known yet.') }),
        channels: z.array(
          z.strictObject({
            channel,
            action: z
              .enum(['send', 'delay', 'digest', 'wait', 'skip'])
              .describe('wait: only where the step before does not reach.'),
            at: timestamp.nullable().describe('When, where not at once.'),
            reasons: z.array(reasonView).describe('Every rule that has a say; the last decides.'),
          }),
        ),
      }),
    ),
    unresolved: z.array(unresolvedView),
  })
  .meta({ id: 'NotificationExplanation' })

export const dataView = z.record(z.string(), jsonValue)
