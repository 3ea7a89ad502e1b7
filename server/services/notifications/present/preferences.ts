import type { z } from 'zod'
import type { ListedCategory } from '../operations/manage-categories.js'
import type { PreferencesReport } from '../operations/manage-preferences.js'
import type { Preferences, Switchboard } from '../rules/preferences.js'
import { RULES } from '../rules/rule.js'
import type { categoryView, defaultsView, policyView, preferencesView } from '../schemas/preferences.js'

/** What a recipient chose and what follows from it. */
export function presentPreferences({
  preferences,
  effective,
}: PreferencesReport): z.input<typeof preferencesView> {
  return {
    ...presentDefaults(preferences),
    effective: effective.map(({ category, channels }) => ({
      category: category.key,
      name: category.name,
      description: category.description,
      is_critical: category.critical,
      channels: channels.map(({ channel, isOn, canChange, rule }) => ({
        channel,
        is_on: isOn,
        can_change: canChange,
        reason: { rule, words: RULES[rule] },
      })),
    })),
  }
}

/** What an organisation chose for everybody. */
export function presentDefaults(preferences: Preferences): z.input<typeof defaultsView> {
  return {
    ...presentPolicy(preferences),
    quiet_hours: preferences.quietHours,
    time_zone: preferences.timeZone,
    locale: preferences.locale,
  }
}

/** What is switched off, and on. */
export function presentPolicy({ channels, categories }: Switchboard): z.input<typeof policyView> {
  return { channels, categories }
}

/** A category as a tenant declares it. */
export function presentCategory({ category, isBuiltIn }: ListedCategory): z.input<typeof categoryView> {
  const { key, name, description, critical, consent, channels, throttle, digest } = category
  return {
    ...{ key, name, description, critical, consent, channels },
    throttle: throttle && { limit: throttle.limit, window_s: throttle.windowS },
    digest: digest && {
      key: digest.key ?? null,
      window_s: digest.windowS ?? null,
      cron: digest.cron ?? null,
      time_zone: digest.timeZone ?? null,
      channels: [...digest.channels],
    },
    is_built_in: isBuiltIn,
  }
}
