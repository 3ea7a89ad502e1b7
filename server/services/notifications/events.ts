import type { Channel } from './channel.js'

/** What the pipeline tells others; payloads hold ids and words, no address and no content. */
declare module '../../kernel/events.js' {
  interface Events {
    'notifications.message.processed': { messageId: string; recipients: number }
    'notifications.message.failed': { messageId: string; code: string }
    'notifications.delivery.sent': { deliveryId: string; messageId: string; channel: Channel }
    'notifications.delivery.delivered': { deliveryId: string; messageId: string; channel: Channel }
    'notifications.delivery.bounced': { deliveryId: string; messageId: string; channel: Channel }
    'notifications.delivery.failed': {
      deliveryId: string
      messageId: string
      channel: Channel
      code: string
    }
  }
}
