import type { EventDeclaration, EventName } from '../../../kernel/events.js'
import type { Channel } from '../channel.js'

/** One delivery, as events tell of it. */
interface DeliveryFacts {
  deliveryId: string
  messageId: string
  channel: Channel
}

/** What the pipeline tells others; payloads hold ids and words, no address and no content. */
declare module '../../../kernel/events.js' {
  interface Events {
    'notifications.message.processed': { messageId: string; recipients: number }
    'notifications.message.failed': { messageId: string; code: string }
    'notifications.delivery.sent': DeliveryFacts
    'notifications.delivery.delivered': DeliveryFacts
    'notifications.delivery.bounced': DeliveryFacts
    'notifications.delivery.failed': DeliveryFacts & { code: string }
  }
}

const messageId = '01990f6e-5f0e-7000-8000-000000000010'
const delivery = { deliveryId: '01990f6e-5f0e-7000-8000-000000000011', messageId, channel: 'email' } as const

/** Events of messages and deliveries; part of the service's catalogue. */
export const pipelineEvents = {
  'notifications.message.processed': {
    about: 'It was decided for every recipient of a message what they get.',
    example: { messageId, recipients: 1 },
  },
  'notifications.message.failed': {
    about: 'A message could not be sent to anybody: its template or category is gone.',
    example: { messageId, code: 'notifications.template_unknown' },
  },
  'notifications.delivery.sent': {
    about: 'A provider took a message over for one recipient.',
    example: delivery,
  },
  'notifications.delivery.delivered': {
    about: 'A provider told that a message arrived.',
    example: delivery,
  },
  'notifications.delivery.bounced': {
    about: 'A message came back after a provider had taken it over.',
    example: delivery,
  },
  'notifications.delivery.failed': {
    about: 'A message could not be handed over for one recipient, for good.',
    example: { ...delivery, code: 'mail_refused' },
  },
} as const satisfies { readonly [N in EventName]?: EventDeclaration<N> }
