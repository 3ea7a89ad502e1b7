import type { Ctx } from '../../../kernel/context.js'
import { CHANNELS, type Channel } from '../channel.js'
import {
  ORGANISATION,
  readPolicy,
  readPreferences,
  storePolicy,
  storePreferences,
} from '../models/preferences.js'
import type { Recipient } from '../recipient.js'
import type { Category } from '../rules/categories.js'
import { judgePreferences, type Preferences, type Switchboard } from '../rules/preferences.js'
import type { Rule } from '../rules/rule.js'
import type { DefaultsInput, PolicyInput, PreferencesInput } from '../schemas/preferences.js'
import { categoriesOf } from '../state.js'
import { offeredChannels } from './gather-facts.js'

/** What a category does on one channel for one recipient, and whether that is theirs to say. */
export interface EffectiveChannel {
  channel: Channel
  isOn: boolean
  canChange: boolean
  rule: Rule
}

/** Preferences, and what follows from them. */
export interface PreferencesReport {
  preferences: Preferences
  effective: { category: Category; channels: EffectiveChannel[] }[]
}

/** What a recipient chose, and what follows from it with what the organisation and the operator say. */
export async function readOwnPreferences(ctx: Ctx, recipient: Recipient): Promise<PreferencesReport> {
  const book = await readPreferences(ctx, [ORGANISATION, recipient.id])
  const preferences = book.of(recipient.id)
  const levels = {
    installation: book.policy,
    tenant: book.of(ORGANISATION),
    recipient: preferences,
  }
  const offered = offeredChannels(ctx)
  const channels = CHANNELS.filter((channel) => channel !== 'webhook' && offered.has(channel))
  const effective = (await categoriesOf(ctx)).map((category) => ({
    category,
    channels: channels.map((channel) => effectOf(levels, category, channel)),
  }))
  return { preferences, effective }
}

/** Keeps what a recipient chose. */
export async function setOwnPreferences(
  ctx: Ctx,
  recipient: Recipient,
  input: PreferencesInput,
): Promise<PreferencesReport> {
  await storePreferences(ctx, recipient.id, preferencesFrom(input))
  return readOwnPreferences(ctx, recipient)
}

/** What the organisation chose for everybody in it. */
export async function readDefaults(ctx: Ctx): Promise<Preferences> {
  return (await readPreferences(ctx, [ORGANISATION])).of(ORGANISATION)
}

/** Keeps what the organisation chose for everybody in it. */
export async function setDefaults(ctx: Ctx, input: DefaultsInput): Promise<Preferences> {
  const preferences = preferencesFrom(input)
  await storePreferences(ctx, ORGANISATION, preferences)
  return preferences
}

/** What the operator switched off for all organisations. */
export function readInstallationPolicy(ctx: Ctx): Promise<Switchboard> {
  return readPolicy(ctx)
}

/** Keeps what the operator switches off for all organisations. */
export async function setInstallationPolicy(ctx: Ctx, input: PolicyInput): Promise<Switchboard> {
  const policy = switchboardFrom(input)
  await storePolicy(ctx, policy)
  ctx.auditDetail = { ...policy }
  return policy
}

function effectOf(
  levels: { installation: Switchboard; tenant: Switchboard; recipient: Switchboard },
  category: Category,
  channel: Channel,
): EffectiveChannel {
  const { isOn, rule } = judgePreferences(levels, category, channel)
  if (category.critical) return { channel, isOn: true, canChange: false, rule: 'critical' }
  const canChange = rule !== 'installation_off' && rule !== 'tenant_off'
  return { channel, isOn, canChange, rule }
}

function preferencesFrom(input: DefaultsInput): Preferences {
  const { quiet_hours: quietHours, time_zone: timeZone, locale } = input
  return { ...switchboardFrom(input), quietHours, timeZone, locale }
}

function switchboardFrom({ channels, categories }: PolicyInput): Switchboard {
  return {
    channels: definedOnly(channels),
    categories: Object.fromEntries(
      Object.entries(categories).map(([key, switches]) => [key, definedOnly(switches)]),
    ),
  }
}

type Switches = Partial<Record<Channel, boolean>>

function definedOnly(switches: { [C in Channel]?: boolean | undefined }): Switches {
  return Object.fromEntries(Object.entries(switches).filter(([, isOn]) => isOn !== undefined)) as Switches
}
