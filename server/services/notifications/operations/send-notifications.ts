import type { Ctx } from '../../../kernel/context.js'
import { findMessage } from '../../../messages/catalogue/messages.js'
import { pipelineErrors } from '../errors/pipeline.js'
import type { Addressee, MessageRequest, Overrides } from '../models/message.js'
import type { NamedSubscriber } from '../models/subscriber.js'
import type { AddresseeInput, ExplainInput, SendInput } from '../schemas/messages.js'
import { digestFrom } from '../schemas/pieces.js'
import { type Accepted, acceptMessages, type MessageDraft } from './accept-messages.js'

/** Accepts the messages of one request. */
export function sendNotifications(ctx: Ctx, inputs: readonly SendInput[]): Promise<Accepted[]> {
  for (const { template } of inputs) refuseReserved(template)
  return acceptMessages(ctx, inputs.map(draftFrom))
}

/**
 * Refuses what only the installation itself may write: one person belongs to several organisations, and none of them
 * may have it write to them about their account, least of all with a link of its own.
 */
export function refuseReserved(template: string | undefined): void {
  if (template !== undefined && findMessage(template)?.isCustomizable === false)
    throw new pipelineErrors.TemplateReserved({ template })
}

function draftFrom(input: SendInput): MessageDraft {
  return {
    templateKey: input.template,
    category: input.category,
    request: requestFrom(input),
    transactionId: input.transaction_id,
    sendAt: input.send_at === undefined ? undefined : new Date(input.send_at),
    delayS: input.delay_s,
  }
}

/** A request as it is kept: fields that were left out stay so. */
export function requestFrom(input: SendInput | ExplainInput): MessageRequest {
  const { content, channels, fallback, overrides, digest, throttle } = input
  return defined({
    to: input.to.map(addresseeFrom),
    data: input.data,
    content:
      content &&
      defined({
        title: content.title,
        body: content.body,
        actionUrl: content.action_url,
        actionLabel: content.action_label,
      }),
    channels,
    chain: fallback?.map(({ channel, after_s }) => ({ channel, afterS: after_s })),
    overrides: overrides && overridesFrom(overrides),
    digest: digest && digestFrom(digest),
    throttle: throttle && defined({ limit: throttle.limit, windowS: throttle.window_s, key: throttle.key }),
  })
}

function overridesFrom({ in_app: inApp, ...rest }: NonNullable<SendInput['overrides']>): Overrides {
  return defined({
    email: rest.email && defined(rest.email),
    sms: rest.sms && defined(rest.sms),
    push: rest.push && defined(rest.push),
    in_app: inApp && defined({ title: inApp.title, body: inApp.body, actionUrl: inApp.action_url }),
  })
}

function addresseeFrom(input: AddresseeInput): Addressee {
  if ('user_id' in input) return { userId: input.user_id }
  if (!('external_id' in input)) return input
  const { external_id: externalId, time_zone: timeZone, ...rest } = input
  return { subscriber: defined({ externalId, timeZone, ...rest }) satisfies NamedSubscriber }
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}
