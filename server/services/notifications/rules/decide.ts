import type { Channel } from '../channel.js'
import type { Category, DigestRule, Throttle } from './categories.js'
import { digestEnd } from './digest-end.js'
import { judgePreferences, type Preferences, type Switchboard } from './preferences.js'
import { quietUntil } from './quiet-hours.js'
import type { Rule } from './rule.js'

/** One channel of a message; in a chain, `afterS` is how long the step before it may stay unread. */
export interface Step {
  channel: Channel
  afterS: number
}

/** A throttle and what it counts under for one recipient. */
export interface CountedThrottle extends Throttle {
  key: string
}

/** What a message wants, before anybody's wishes are asked. */
export interface Plan {
  category: Category
  templateKey: string
  /** A chain goes out step by step, each where the one before did not reach; else all steps at once. */
  isChain: boolean
  steps: readonly Step[]
  /** Channels that the template has words for. */
  worded: ReadonlySet<Channel>
  throttles: readonly CountedThrottle[]
  digest: (DigestRule & { key: string }) | null
}

export type AddressState = 'ok' | 'no_address' | 'address_unverified' | 'suppressed'

/** What is known of a recipient when it is decided. */
export interface RecipientFacts {
  addresses: Readonly<Record<Channel, AddressState>>
  timeZone: string
  preferences: Preferences
  /** How many messages each running throttle has counted, by its key. */
  used: ReadonlyMap<string, number>
}

/** What holds for all recipients of a tenant at one moment. */
export interface Surroundings {
  now: Date
  installation: Switchboard
  tenant: Preferences
  /** Channels that somebody can be reached on from here. */
  offered: ReadonlySet<Channel>
}

/** send: now. delay: at `at`. digest: joins the digest that closes at `at` at the latest. wait: a step of a chain. */
export type Action = 'send' | 'delay' | 'digest' | 'wait' | 'skip'

/** What becomes of a message on one channel. */
export interface Verdict {
  channel: Channel
  action: Action
  /** Null: at once, or (wait) only where the step before fails. */
  at: Date | null
  /** Every rule that had a say; the last decided. */
  rules: Rule[]
}

export interface Decision {
  verdicts: Verdict[]
  /** Whether the throttles count this message. */
  counts: boolean
}

/** Channels that make a device ring or a mailbox fill, and so keep quiet hours. */
const INTERRUPTING: ReadonlySet<Channel> = new Set(['email', 'sms', 'push'])

/**
 * What one recipient gets of a message and why: one verdict for each step, in their order. It asks nothing and
 * changes nothing; who sends and who only asks get the same answer from it.
 */
export function decide(plan: Plan, recipient: RecipientFacts, around: Surroundings): Decision {
  if (!plan.category.critical && isThrottled(plan, recipient)) {
    const verdicts = plan.steps.map(({ channel }) => skip(channel, 'throttled'))
    return { verdicts, counts: false }
  }
  const verdicts = plan.isChain ? decideChain(plan, recipient, around) : decideAll(plan, recipient, around)
  const counts = !plan.category.critical && verdicts.some(({ action }) => action !== 'skip')
  return { verdicts, counts }
}

/** Whether a channel may carry a message of this plan to this recipient at all, whenever. */
export function judgeChannel(
  plan: Pick<Plan, 'category' | 'worded'>,
  recipient: Pick<RecipientFacts, 'addresses' | 'preferences'>,
  around: Omit<Surroundings, 'now'>,
  channel: Channel,
): { passes: boolean; rules: Rule[] } {
  if (!plan.worded.has(channel)) return { passes: false, rules: ['no_words'] }
  if (!around.offered.has(channel)) return { passes: false, rules: ['not_offered'] }
  const levels = { ...around, recipient: recipient.preferences }
  const { isOn, rule } = judgePreferences(levels, plan.category, channel)
  if (!isOn && !plan.category.critical) return { passes: false, rules: [rule] }
  const rules: Rule[] = isOn ? [rule] : [rule, 'critical']
  const address = recipient.addresses[channel]
  return address === 'ok' ? { passes: true, rules } : { passes: false, rules: [...rules, address] }
}

/** Until when a message must wait on this channel; null: it need not. */
export function holdUntil(
  { category }: Pick<Plan, 'category'>,
  recipient: Pick<RecipientFacts, 'preferences' | 'timeZone'>,
  { tenant, now }: Pick<Surroundings, 'tenant' | 'now'>,
  channel: Channel,
): Date | null {
  if (category.critical || !INTERRUPTING.has(channel)) return null
  return quietUntil(recipient.preferences.quietHours ?? tenant.quietHours, recipient.timeZone, now)
}

function decideAll(plan: Plan, recipient: RecipientFacts, around: Surroundings): Verdict[] {
  return plan.steps.map(({ channel }) => {
    const { passes, rules } = judgeChannel(plan, recipient, around, channel)
    if (!passes) return { channel, action: 'skip', at: null, rules }
    if (plan.digest?.channels.includes(channel) && !plan.category.critical) {
      const at = digestEnd(plan.digest, recipient.timeZone, around.now)
      return { channel, action: 'digest', at, rules: [...rules, 'digest'] }
    }
    return sendOrDelay({ channel, rules }, plan, recipient, around)
  })
}

/** The first step that can, goes out; what follows waits for it, and goes out at once where it cannot. */
function decideChain(plan: Plan, recipient: RecipientFacts, around: Surroundings): Verdict[] {
  let lastAt: Date | null = null
  let mayBeRead = false
  return plan.steps.map(({ channel, afterS }) => {
    const { passes, rules } = judgeChannel(plan, recipient, around, channel)
    if (!passes) return { channel, action: 'skip', at: null, rules }
    const verdict: Verdict =
      lastAt === null
        ? sendOrDelay({ channel, rules }, plan, recipient, around)
        : waitFor({ channel, rules }, mayBeRead ? new Date(lastAt.getTime() + afterS * 1000) : null)
    lastAt = verdict.at ?? lastAt ?? around.now
    // Only the inbox tells whether it was read, and only of what certainly gets there.
    mayBeRead ||= channel === 'in_app' && verdict.rules.at(-1) !== 'fallback_failed'
    return verdict
  })
}

function sendOrDelay(
  { channel, rules }: Pick<Verdict, 'channel' | 'rules'>,
  plan: Plan,
  recipient: RecipientFacts,
  around: Surroundings,
): Verdict {
  const at = holdUntil(plan, recipient, around, channel)
  if (at) return { channel, action: 'delay', at, rules: [...rules, 'quiet_hours'] }
  return { channel, action: 'send', at: null, rules }
}

function waitFor({ channel, rules }: Pick<Verdict, 'channel' | 'rules'>, at: Date | null): Verdict {
  return { channel, action: 'wait', at, rules: [...rules, at ? 'fallback_unread' : 'fallback_failed'] }
}

function isThrottled({ throttles }: Plan, { used }: RecipientFacts): boolean {
  return throttles.some(({ key, limit }) => (used.get(key) ?? 0) >= limit)
}

function skip(channel: Channel, rule: Rule): Verdict {
  return { channel, action: 'skip', at: null, rules: [rule] }
}
