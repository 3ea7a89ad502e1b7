import type { Ctx } from '../../../kernel/context.js'
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
export async function renderMessage(_ctx: Ctx, _request: RenderRequest): Promise<RenderedMessage> {
  throw new templateErrors.TemplateUnknown()
}

/** The template as a message of this tenant would use it now (at most 800 ms old), or null. */
export async function readTemplateProfile(
  _ctx: Ctx,
  _template: { tenantId: string | null; key: string },
): Promise<TemplateProfile | null> {
  return null
}
