import type { EventDeclaration, EventName } from '../../../kernel/events.js'
import type { SuppressionReason } from '../models/suppression.js'
import type { AddressedChannel } from '../rules/addresses.js'

/** What a provider told of a message after it was handed over. */
export type ReportedOutcome = 'delivered' | 'bounced' | 'deferred' | 'complained'

/** What the channels tell others; payloads hold no address. */
declare module '../../../kernel/events.js' {
  interface Events {
    'notifications.suppression.added': {
      suppressionId: string
      channel: AddressedChannel
      reason: SuppressionReason
    }
    'notifications.suppression.removed': { suppressionId: string; channel: AddressedChannel }
    'notifications.delivery.reported': {
      deliveryId: string
      channel: AddressedChannel
      outcome: ReportedOutcome
      provider: string
      /** The provider's code, e.g. `5.1.1` or `30005`. */
      code: string | null
    }
    'notifications.unsubscribed': { recipient: string; category: string | null }
  }
}

const suppressionId = '01990f6e-5f0e-7000-8000-000000000001'

/** Events of suppressions, reports and links; part of the service's catalogue. */
export const channelEvents = {
  'notifications.suppression.added': {
    about: 'An address was put on the suppression list: nothing is sent to it any more.',
    example: { suppressionId, channel: 'email', reason: 'hard_bounce' },
  },
  'notifications.suppression.removed': {
    about: 'An address was taken off the suppression list.',
    example: { suppressionId, channel: 'email' },
  },
  'notifications.delivery.reported': {
    about: 'A provider told what became of a message; the same may be told again, and late.',
    internal: 'the delivery itself tells what came of it',
    example: {
      deliveryId: '01990f6e-5f0e-7000-8000-000000000002',
      channel: 'email',
      outcome: 'bounced',
      provider: 'dsn',
      code: '5.1.1',
    },
  },
  'notifications.unsubscribed': {
    about: 'A recipient ended a category of messages by the link in one of them.',
    example: { recipient: '01990f6e-5f0e-7000-8000-000000000003', category: 'news' },
  },
} as const satisfies { readonly [N in EventName]?: EventDeclaration<N> }
