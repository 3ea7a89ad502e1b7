import type { Ctx } from '../../../kernel/context.js'
import { findMessage } from '../../../messages/catalogue/messages.js'
import { WORDED_CHANNELS, type WordedChannel } from '../../../messages/message-words.js'
import type { Content } from '../channel.js'
import { templateErrors } from '../errors/templates.js'
import type { PublishedVersion } from '../models/template-version.js'
import { publishedOf, versionText } from '../template-state.js'
import { composeContent, type TemplateSource } from './compose-content.js'

export type { WordedChannel } from '../../../messages/message-words.js'

export interface RenderRequest {
  templateKey: string
  channel: WordedChannel
  /** BCP 47 tag of the recipient's language; null takes the tenant's. */
  locale: string | null
  /** IANA time zone that dates are shown in; the tenant's where left out. */
  timeZone?: string | null
  /** Null renders a message of the installation itself, always from the shipped template. */
  tenantId: string | null
  /** Variables as JSON; times as RFC 3339, money as `{ amount, currency }`. What the template does not name is left out. */
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
  const { templateKey, tenantId, channel } = request
  const published = await publishedFor(ctx, tenantId, templateKey)
  const source = sourceOf(ctx, tenantId, templateKey, published)
  const { content, locale, isOwn } = await composeContent(ctx, source, channel, request)
  return { content, locale, templateVersion: isOwn ? (published?.version ?? null) : null }
}

/** The template as a message of this tenant would use it now (at most 800 ms old), or null. */
export async function readTemplateProfile(
  ctx: Ctx,
  { tenantId, key }: { tenantId: string | null; key: string },
): Promise<TemplateProfile | null> {
  const published = await publishedFor(ctx, tenantId, key)
  const shipped = findMessage(key)
  const { category, critical } = shipped
    ? { category: shipped.category, critical: shipped.isCritical }
    : { category: published?.category, critical: published?.critical }
  if (category == null || critical == null) return null
  const channels = new Set([...(shipped?.channels ?? []), ...Object.values(published?.channels ?? {}).flat()])
  return {
    ...{ key, category, critical, version: published?.version ?? null },
    channels: WORDED_CHANNELS.filter((channel) => channels.has(channel)),
  }
}

async function publishedFor(
  ctx: Ctx,
  tenantId: string | null,
  key: string,
): Promise<PublishedVersion | null> {
  const isFixed = findMessage(key)?.isCustomizable === false
  return tenantId === null || isFixed ? null : publishedOf(ctx, tenantId, key)
}

function sourceOf(
  ctx: Ctx,
  tenantId: string | null,
  key: string,
  published: PublishedVersion | null,
): TemplateSource {
  const variables = findMessage(key)?.variables ?? published?.variables
  if (!variables) throw new templateErrors.TemplateUnknown()
  return {
    key,
    variables,
    own: published?.channels ?? {},
    text: async (locale) =>
      tenantId === null || !published ? null : versionText(ctx, tenantId, published.id, locale),
  }
}
