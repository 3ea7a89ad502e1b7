import type { Ctx } from '../../../kernel/context.js'
import { cancelUnsubscribed } from '../models/delivery.js'
import { lockPreferences, readPreferences, storePreferences } from '../models/preferences.js'
import type { Preferences } from '../rules/preferences.js'
import { categoriesOf } from '../state.js'

/**
 * Switches e-mail of a category off for a recipient, or all e-mail that can be switched off where it is null, and takes
 * back what waits. Safe to repeat.
 */
export async function unsubscribeRecipient(
  ctx: Ctx,
  recipientId: string,
  category: string | null,
): Promise<void> {
  await lockPreferences(ctx, recipientId)
  const preferences = (await readPreferences(ctx, [recipientId])).of(recipientId)
  await storePreferences(
    ctx,
    recipientId,
    category === null ? withoutMail(preferences) : without(preferences, category),
  )
  const ended = category === null ? await endable(ctx) : [category]
  for (const one of ended) {
    await cancelUnsubscribed(ctx, { recipientId, category: one, channel: 'email', at: ctx.now() })
  }
}

function without(preferences: Preferences, category: string): Preferences {
  const { categories } = preferences
  const known = Object.hasOwn(categories, category) ? categories[category] : {}
  return { ...preferences, categories: { ...categories, [category]: { ...known, email: false } } }
}

function withoutMail(preferences: Preferences): Preferences {
  return { ...preferences, channels: { ...preferences.channels, email: false } }
}

async function endable(ctx: Ctx): Promise<string[]> {
  return (await categoriesOf(ctx)).filter(({ critical }) => !critical).map(({ key }) => key)
}
