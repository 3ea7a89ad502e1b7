import type { Ctx } from '../../../kernel/context.js'
import type { Channel } from '../channel.js'
import type { Overrides } from '../models/message.js'
import { ORGANISATION, readPreferences } from '../models/preferences.js'
import { findPushSubscriptions } from '../models/push-subscription.js'
import { lockThrottles, readThrottles, type ThrottleCount } from '../models/throttle.js'
import { addressOf, type RecipientProfile } from '../recipient.js'
import type { AddressState, Plan, RecipientFacts, Surroundings } from '../rules/decide.js'
import { sendersOf } from '../senders/senders.js'
import { isSuppressed } from './suppress.js'

/** All that deciding asks for, about several recipients at one moment. */
export interface Gathered {
  around: Surroundings
  factsOf(profile: RecipientProfile): RecipientFacts
}

export interface GatherOptions {
  overrides?: Overrides | undefined
  /** count: throttles are held until the transaction ends, and may be counted; look: read; none: left out. */
  throttles: 'count' | 'look' | 'none'
}

/** Reads what is to be known of recipients, in a few statements however many they are. */
export async function gatherFacts(
  ctx: Ctx,
  plan: Pick<Plan, 'steps' | 'throttles' | 'category'>,
  profiles: readonly RecipientProfile[],
  { overrides, throttles }: GatherOptions,
): Promise<Gathered> {
  const ids = profiles.map((profile) => profile.id)
  const preferences = await readPreferences(ctx, [ORGANISATION, ...ids])
  const tenant = preferences.of(ORGANISATION)
  const unreachable = await addressStates(ctx, plan, profiles, overrides)
  const counts = throttles === 'none' ? [] : await throttleCounts(ctx, plan, ids, throttles)
  return {
    around: { now: ctx.now(), installation: preferences.policy, tenant, offered: offeredChannels(ctx) },
    factsOf(profile) {
      const own = preferences.of(profile.id)
      const mine = counts.filter(({ recipientId }) => recipientId === profile.id)
      return {
        preferences: own,
        timeZone: own.timeZone ?? profile.timeZone ?? tenant.timeZone ?? 'UTC',
        used: new Map(mine.map(({ key, used }) => [key, used])),
        addresses: {
          in_app: 'ok',
          webhook: 'ok',
          email: unreachable.email.get(profile.id) ?? 'ok',
          sms: unreachable.sms.get(profile.id) ?? 'ok',
          push: unreachable.push.get(profile.id) ?? 'ok',
        },
      }
    },
  }
}

/** Channels on which this installation reaches anybody. */
export function offeredChannels({ resources }: Pick<Ctx, 'resources'>): Set<Channel> {
  const outside = (['email', 'sms', 'push'] as const).filter(
    (channel) => sendersOf(resources, channel).length > 0,
  )
  return new Set<Channel>(['in_app', 'webhook', ...outside])
}

type States = Map<string, AddressState>

/** Who cannot be reached where, and why; asked only for the channels of the plan. */
async function addressStates(
  ctx: Ctx,
  { steps }: Pick<Plan, 'steps'>,
  profiles: readonly RecipientProfile[],
  overrides: Overrides | undefined,
): Promise<Record<'email' | 'sms' | 'push', States>> {
  const wants = (channel: Channel) => steps.some((step) => step.channel === channel)
  return {
    email: wants('email') ? await statesOf(ctx, 'email', profiles, overrides) : new Map(),
    sms: wants('sms') ? await statesOf(ctx, 'sms', profiles, overrides) : new Map(),
    push: wants('push') ? await pushStates(ctx, profiles) : new Map(),
  }
}

async function statesOf(
  ctx: Ctx,
  channel: 'email' | 'sms',
  profiles: readonly RecipientProfile[],
  overrides: Overrides | undefined,
): Promise<States> {
  const addresses = profiles.flatMap((profile) => addressOf(profile, channel, overrides) ?? [])
  const suppressed = await isSuppressed(ctx, channel, addresses)
  const isGiven = channel === 'email' && overrides?.email?.to !== undefined
  const states: States = new Map()
  for (const profile of profiles) {
    const address = addressOf(profile, channel, overrides)
    if (address === null) states.set(profile.id, 'no_address')
    else if (channel === 'email' && !profile.emailVerified && !isGiven)
      states.set(profile.id, 'address_unverified')
    else if (suppressed.has(address)) states.set(profile.id, 'suppressed')
  }
  return states
}

async function pushStates(ctx: Ctx, profiles: readonly RecipientProfile[]): Promise<States> {
  const subscriptions = await findPushSubscriptions(
    ctx,
    profiles.map((profile) => profile.id),
  )
  const suppressed = await isSuppressed(
    ctx,
    'push',
    subscriptions.map(({ endpoint }) => endpoint),
  )
  const states: States = new Map()
  for (const { id } of profiles) {
    const own = subscriptions.filter(({ recipientId }) => recipientId === id)
    if (own.length === 0) states.set(id, 'no_address')
    else if (own.every(({ endpoint }) => suppressed.has(endpoint))) states.set(id, 'suppressed')
  }
  return states
}

async function throttleCounts(
  ctx: Ctx,
  { throttles, category }: Pick<Plan, 'throttles' | 'category'>,
  recipientIds: readonly string[],
  mode: 'count' | 'look',
): Promise<ThrottleCount[]> {
  if (throttles.length === 0 || category.critical) return []
  if (mode === 'count') return lockThrottles(ctx, recipientIds, throttles)
  return readThrottles(
    ctx,
    recipientIds,
    throttles.map(({ key }) => key),
  )
}
