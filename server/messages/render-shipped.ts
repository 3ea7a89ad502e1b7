import { findMessage } from './catalogue/messages.js'
import { fitData, type View } from './fit-data.js'
import type { Spelling } from './format-values.js'
import { localeChain } from './locales.js'
import type { WordedChannel } from './message-words.js'
import type { RenderedContent } from './render-content.js'
import { shippedText } from './shipped/shipped.js'

/** How a shipped message is to be rendered: the language wanted, the zone of times, the view of the layout. */
export interface ShippedRendering extends Spelling {
  /** What themeView makes, and `unsubscribe_url`. */
  frame: View
}

/** The content of a shipped message in the best locale there is; null where the key or its channel is not there. */
export function renderShipped(
  key: string,
  channel: WordedChannel,
  data: Readonly<Record<string, unknown>>,
  { locale: wanted, timeZone, frame }: ShippedRendering,
): { content: RenderedContent; locale: string } | null {
  const definition = findMessage(key)
  const [locale] = localeChain(wanted, null).filter((tag) => shippedText(key, tag))
  const shipped = locale ? shippedText(key, locale) : null
  if (!definition || !locale || !shipped) return null
  const words = shipped.spellings
  const view = fitData(definition.variables, data, { locale, timeZone, words, extras: 'refuse' })
  const content = shipped.text.render(channel, { ...view, ...frame })
  return content && { content, locale }
}
