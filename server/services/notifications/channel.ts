/** Ways to reach somebody. `webhook` reaches the tenant's own systems. */
export const CHANNELS = ['in_app', 'email', 'sms', 'push', 'webhook'] as const
export type Channel = (typeof CHANNELS)[number]

/** What a template makes for one channel: escaped, complete, ready to be handed to a sender. */
export type Content =
  | { channel: 'email'; subject: string; html: string; text: string }
  | { channel: 'sms'; text: string }
  | { channel: 'in_app'; title: string; body: string; actionUrl: string | null }
  | { channel: 'push'; title: string; body: string; url: string | null }

/** Where one message goes; what it needs depends on the channel. */
export type Destination =
  | { channel: 'email'; address: string }
  | { channel: 'sms'; phone: string }
  | { channel: 'push'; subscription: { endpoint: string; p256dh: string; auth: string } }

/** One message handed to a sender. `deliveryId` stays the same over retries, so that a provider can tell repeats. */
export interface Outgoing {
  deliveryId: string
  tenantId: string | null
  destination: Destination
  content: Content
  /** RFC 8058 one-click unsubscribe address of this recipient and category; null for critical messages. */
  unsubscribeUrl: string | null
}

/** What came of an attempt. Costs are millionths of the currency's unit. */
export type SendOutcome =
  | {
      status: 'sent'
      provider: string
      providerMessageId: string | null
      cost: { micros: number; currency: string } | null
    }
  | {
      status: 'failed'
      provider: string
      /** Stable word, e.g. `mail_refused`. */
      code: string
      /** Fit to be shown to the tenant: no secret, no internal address. */
      message: string
      isRetryable: boolean
      /** The remote end's Retry-After, in milliseconds. */
      retryAfterMs?: number
      /** The destination is dead for good: it goes on the suppression list. */
      suppress?: 'hard_bounce' | 'complaint' | 'gone' | 'invalid'
    }
