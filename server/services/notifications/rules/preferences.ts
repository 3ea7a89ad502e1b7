import type { Channel } from '../channel.js'
import type { Category, Switches } from './categories.js'
import type { Rule } from './rule.js'

/** What is on and off at one level: of a whole channel, and of one category on a channel. */
export interface Switchboard {
  channels: Switches
  categories: Readonly<Record<string, Switches>>
}

/** Daily hours in which nothing interrupts, `HH:MM` of the recipient's wall clock; they may pass midnight. */
export interface QuietHours {
  from: string
  to: string
}

/** What an organisation or a recipient chose. */
export interface Preferences extends Switchboard {
  quietHours: QuietHours | null
  timeZone: string | null
  locale: string | null
}

export const NO_PREFERENCES: Preferences = {
  channels: {},
  categories: {},
  quietHours: null,
  timeZone: null,
  locale: null,
}

/** The three that have a say, the outer first. */
export interface PreferenceLevels {
  installation: Switchboard
  tenant: Switchboard
  recipient: Switchboard
}

export interface PreferenceVerdict {
  isOn: boolean
  rule: Rule
}

/**
 * Whether a category may use a channel. An "off" of an outer level is final: installation, then organisation, then the
 * recipient's switch of the whole channel; the recipient's choice for the category then wins over its default.
 */
export function judgePreferences(
  levels: PreferenceLevels,
  category: Pick<Category, 'key' | 'consent' | 'channels'>,
  channel: Channel,
): PreferenceVerdict {
  if (isOff(levels.installation, category.key, channel)) return { isOn: false, rule: 'installation_off' }
  if (isOff(levels.tenant, category.key, channel)) return { isOn: false, rule: 'tenant_off' }
  // A webhook reaches the tenant's own systems: no recipient has a say in it.
  if (channel === 'webhook') return byDefault(category, channel)
  if (levels.recipient.channels[channel] === false) return { isOn: false, rule: 'recipient_off' }
  const choice = choiceOf(levels.recipient, category.key, channel)
  if (choice === false) return { isOn: false, rule: 'category_off' }
  if (choice === true) return { isOn: true, rule: 'chosen' }
  return category.consent === 'opt_in' ? { isOn: false, rule: 'no_consent' } : byDefault(category, channel)
}

function byDefault({ channels }: Pick<Category, 'channels'>, channel: Channel): PreferenceVerdict {
  return channels[channel] === false
    ? { isOn: false, rule: 'category_default_off' }
    : { isOn: true, rule: 'default_on' }
}

function isOff(board: Switchboard, category: string, channel: Channel): boolean {
  return board.channels[channel] === false || choiceOf(board, category, channel) === false
}

function choiceOf({ categories }: Switchboard, category: string, channel: Channel): boolean | undefined {
  return Object.hasOwn(categories, category) ? categories[category]?.[channel] : undefined
}
