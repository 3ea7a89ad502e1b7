import { findMessage } from '../../../messages/catalogue/messages.js'
import type { WordedChannel } from '../../../messages/message-words.js'
import { shippedText } from '../../../messages/shipped/shipped.js'
import type { Coverage } from '../models/template.js'

/** Whose words are used, in which locale. */
export interface Choice {
  locale: string
  isOwn: boolean
}

/**
 * The best words there are for a channel: the locales of the chain in their order, and in each the tenant's own before
 * the shipped ones, so that readers get their language first. Own words in any other locale are better than none.
 */
export function chooseWords(
  key: string,
  channel: WordedChannel,
  chain: readonly string[],
  own: Coverage,
): Choice | null {
  const hasOwn = (locale: string) => Object.hasOwn(own, locale) && own[locale]?.includes(channel) === true
  const isShipped = findMessage(key) !== undefined
  for (const locale of chain) {
    if (hasOwn(locale)) return { locale, isOwn: true }
    if (isShipped && shippedText(key, locale)?.text.has(channel)) return { locale, isOwn: false }
  }
  const [other] = Object.keys(own).filter(hasOwn).sort()
  return other === undefined ? null : { locale: other, isOwn: true }
}
