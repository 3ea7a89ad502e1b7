import type { Ctx } from '../../../kernel/context.js'
import { findMessage } from '../../../messages/catalogue/messages.js'
import { MessageDataError } from '../../../messages/fit-data.js'
import { renderShipped } from '../../../messages/render-shipped.js'
import { PLAIN_THEME, themeView } from '../../../messages/theme.js'
import type { Channel, Content } from '../channel.js'
import { templateErrors } from '../errors/templates.js'

/** Channels that templates have words for; a webhook carries the event itself. */
export type WordedChannel = Exclude<Channel, 'webhook'>

export interface RenderRequest {
  templateKey: string
  channel: WordedChannel
  /** BCP 47 tag of the recipient's language; null takes the tenant's. */
  locale: string | null
  /** IANA time zone that dates are shown in; the tenant's where left out. */
  timeZone?: string | null
  /** Null renders a message of the installation itself, always from the shipped template. */
  tenantId: string | null
  /** Variables as JSON; times as RFC 3339, money as `{ amount, currency }`. */
  data: Readonly<Record<string, unknown>>
  /** Where the recipient can unsubscribe; stands at the foot of a mail. */
  unsubscribeUrl?: string | null
}

export interface RenderedMessage {
  content: Content
  /** The tenant's published version it was made from; null: the template as shipped. */
  templateVersion: number | null
  /** The locale whose words were used. */
  locale: string
}

/** What a sender has to know of a template before it renders anything. */
export interface TemplateProfile {
  key: string
  /** What people can switch off as one, e.g. `billing`. */
  category: string
  /** Cannot be switched off: security and what the law demands. */
  critical: boolean
  channels: WordedChannel[]
  /** The tenant's published version; null: as shipped. */
  version: number | null
}

/**
 * Makes the content of one channel, escaped and complete. The locale falls back from the exact one to its language,
 * to the tenant's default and to `en`. Throws templateErrors where the key is unknown, the data does not fit or the
 * channel has no words; all of them are for good, so that trying again is of no use.
 */
export async function renderMessage(ctx: Ctx, request: RenderRequest): Promise<RenderedMessage> {
  const { templateKey: key, channel, data } = request
  const definition = findMessage(key)
  if (!definition) throw new templateErrors.TemplateUnknown()
  const known = Object.fromEntries(Object.entries(data).filter(([name]) => name in definition.variables))
  try {
    const done = renderShipped(key, channel, known, {
      locale: request.locale ?? 'en',
      timeZone: request.timeZone ?? 'UTC',
      frame: {
        ...themeView(PLAIN_THEME, ctx.config.VETRAI_NAME),
        unsubscribe_url: request.unsubscribeUrl ?? null,
      },
    })
    if (!done) throw new templateErrors.ChannelUnworded({ template: key, channel })
    return { content: done.content, templateVersion: null, locale: done.locale }
  } catch (error) {
    if (error instanceof MessageDataError)
      throw new templateErrors.TemplateData({ template: key, problem: error.message })
    throw error
  }
}

/** The template as a message of this tenant would use it now (at most 800 ms old), or null. */
export async function readTemplateProfile(
  _ctx: Ctx,
  { key }: { tenantId: string | null; key: string },
): Promise<TemplateProfile | null> {
  const shipped = findMessage(key)
  if (!shipped) return null
  const map: Record<string, string> = {
    announcements: 'product',
    digest: 'product',
    usage: 'billing',
    operations: 'account',
    'api-keys': 'account',
    organisation: 'account',
  }
  return {
    key,
    category: map[shipped.category] ?? shipped.category,
    critical: shipped.isCritical,
    channels: [...shipped.channels],
    version: null,
  }
}
