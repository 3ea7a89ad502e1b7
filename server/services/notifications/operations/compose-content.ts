import type { Ctx } from '../../../kernel/context.js'
import { fitData, MessageDataError } from '../../../messages/fit-data.js'
import { isTimeZone } from '../../../messages/format-values.js'
import { localeChain } from '../../../messages/locales.js'
import type { WordedChannel } from '../../../messages/message-words.js'
import type { MessageText, RenderedContent } from '../../../messages/render-content.js'
import { type ShippedText, shippedText } from '../../../messages/shipped/shipped.js'
import { PLAIN_THEME, themeView } from '../../../messages/theme.js'
import type { Variables } from '../../../messages/variables.js'
import { WordsError } from '../../../messages/words.js'
import { templateErrors } from '../errors/templates.js'
import type { Coverage } from '../models/template.js'
import { chooseWords } from '../rules/choose-words.js'
import { themeOf } from '../template-state.js'

/** A template as content is made from it: the tenant's own words, be they published or a draft, and its variables. */
export interface TemplateSource {
  key: string
  variables: Variables
  /** The tenant's own words; what is shipped stands behind them. */
  own: Coverage
  text(locale: string): Promise<MessageText | null>
}

/** Whom content is for. */
export interface Reading {
  tenantId: string | null
  locale: string | null
  timeZone?: string | null | undefined
  unsubscribeUrl?: string | null | undefined
  data: Readonly<Record<string, unknown>>
}

export interface Composed {
  content: RenderedContent
  locale: string
  /** False where the words are the shipped ones. */
  isOwn: boolean
}

/** Makes the content of one channel with the theme of the tenant. Throws templateErrors for what will never do. */
export async function composeContent(
  ctx: Ctx,
  source: TemplateSource,
  channel: WordedChannel,
  reading: Reading,
): Promise<Composed> {
  const { key, variables } = source
  const theme = reading.tenantId === null ? null : await themeOf(ctx, reading.tenantId)
  const chain = localeChain(reading.locale, theme?.defaultLocale ?? ctx.config.VETRAI_LOCALE)
  const choice = chooseWords(key, channel, chain, source.own)
  const text = choice?.isOwn
    ? await source.text(choice.locale)
    : choice && shippedText(key, choice.locale)?.text
  if (!choice || !text) throw new templateErrors.ChannelUnworded({ template: key, channel })

  const { locale } = choice
  const timeZone = [reading.timeZone, theme?.timeZone].find((zone) => zone && isTimeZone(zone)) ?? 'UTC'
  const words = spellingsOf(key, locale)?.spellings ?? {}
  const frame = themeView(theme ?? PLAIN_THEME, ctx.config.VETRAI_NAME)
  try {
    const view = fitData(variables, reading.data, { locale, timeZone, words, extras: 'ignore' })
    const content = text.render(channel, {
      ...view,
      ...frame,
      unsubscribe_url: reading.unsubscribeUrl ?? null,
    })
    if (content) return { content, ...choice }
  } catch (error) {
    if (!(error instanceof MessageDataError || error instanceof WordsError)) throw error
    throw new templateErrors.TemplateData({ template: key, problem: error.message })
  }
  throw new templateErrors.ChannelUnworded({ template: key, channel })
}

/** How choices are spelled in the locale, or in the next best that the message is shipped in. */
function spellingsOf(key: string, locale: string): ShippedText | undefined {
  return localeChain(locale, null).flatMap((tag) => shippedText(key, tag) ?? [])[0]
}
