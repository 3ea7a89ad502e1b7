import type { SuppressionReason } from './models/suppression.js'
import type { AddressedChannel } from './rules/addresses.js'

/** What providers told of a message after it was handed over. */
export type ReportedOutcome = 'delivered' | 'bounced' | 'deferred' | 'complained'

/** What the channels tell others; payloads hold no address. */
declare module '../../kernel/events.js' {
  interface Events {
    'notifications.suppression.added': {
      suppressionId: string
      channel: AddressedChannel
      reason: SuppressionReason
    }
    'notifications.suppression.removed': { suppressionId: string; channel: AddressedChannel }
    /** A provider's word about a delivery; the same may come more than once, and late. */
    'notifications.delivery.reported': {
      deliveryId: string
      channel: AddressedChannel
      outcome: ReportedOutcome
      provider: string
      /** The provider's code, e.g. `5.1.1` or `30005`. */
      code: string | null
    }
    /** Somebody pressed the button of a link: no more of this category, of all where it is null. */
    'notifications.unsubscribed': { recipient: string; category: string | null }
  }
}
