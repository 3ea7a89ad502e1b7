import type { Channel } from '../channel.js'

/** Channel → whether it is on; what is left out is not spoken of. */
export type Switches = Readonly<Partial<Record<Channel, boolean>>>

/** At most `limit` messages reach a recipient in each period of `windowS` seconds, which begins with its first. */
export interface Throttle {
  limit: number
  windowS: number
}

/** Messages collected into one: for `windowS` seconds from the first, or until the next time of a cron pattern. */
export interface DigestRule {
  /** What is collected together; all of the category, or of the message's template, where left out. */
  key?: string
  windowS?: number
  cron?: string
  /** Of the cron pattern; the recipient's where left out. */
  timeZone?: string
  channels: readonly Channel[]
}

/** A kind of messages that people switch on and off as one. */
export interface Category {
  key: string
  name: string
  description: string
  /** Cannot be switched off, held back or collected. */
  critical: boolean
  /** opt_in: nothing is sent on a channel before the recipient said yes to it. */
  consent: 'opt_out' | 'opt_in'
  /** For who said nothing; a channel left out is on. */
  channels: Switches
  throttle: Throttle | null
  digest: DigestRule | null
}

const base = { critical: false, consent: 'opt_out', channels: {}, throttle: null, digest: null } as const

/** What every tenant has; a tenant may change all but the keys, and add its own. */
export const BUILT_IN_CATEGORIES: readonly Category[] = [
  {
    ...base,
    key: 'security',
    name: 'Security',
    description: 'Sign-ins, keys and changes that the recipient must learn of.',
    critical: true,
  },
  {
    ...base,
    key: 'account',
    name: 'Account',
    description: 'What happens to the account and its members.',
  },
  { ...base, key: 'billing', name: 'Billing', description: 'Invoices, payments and quotas.' },
  {
    ...base,
    key: 'support',
    name: 'Support',
    description: 'Answers to tickets.',
    channels: { sms: false },
  },
  {
    ...base,
    key: 'product',
    name: 'Product',
    description: 'What happens in the product.',
    channels: { sms: false },
  },
  {
    ...base,
    key: 'marketing',
    name: 'News and offers',
    description: 'Only with consent.',
    consent: 'opt_in',
  },
]
