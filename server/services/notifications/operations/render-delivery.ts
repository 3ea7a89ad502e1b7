import type { Ctx } from '../../../kernel/context.js'
import { AppError } from '../../../kernel/define-errors.js'
import type { Content } from '../channel.js'
import { type DigestItem, digestItems, countItems as digestSize } from '../models/digest.js'
import type { Message, MessageRequest, Overrides } from '../models/message.js'
import type { RecipientProfile } from '../recipient.js'
import type { RecipientFacts } from '../rules/decide.js'
import { categoryOf } from './plan-message.js'
import { type RenderedMessage, renderMessage, type WordedChannel } from './render-message.js'

/** Whom a message is put into words for. */
export interface Reader {
  profile: RecipientProfile
  facts: Pick<RecipientFacts, 'timeZone' | 'preferences'>
  /** Where they can end messages like this. */
  unsubscribeUrl?: string | null
}

/** A message in words, or why there will never be any. */
export type Rendering = RenderedMessage | { code: string; problem: string }

/** Items that a digest shows; how many more there are it says. */
const ITEMS_SHOWN = 50

/** Puts a message into words for one reader and channel. What cannot be put into words is answered, not thrown. */
export async function renderDelivery(
  ctx: Ctx,
  message: Pick<Message, 'kind' | 'id' | 'templateKey' | 'category' | 'request'>,
  reader: Reader,
  channel: WordedChannel,
): Promise<Rendering> {
  const data =
    message.kind === 'digest' ? await digestData(ctx, message, reader) : dataFor(message.request, reader)
  const rendering = await rendered(ctx, message.templateKey, reader, channel, data)
  if ('problem' in rendering) return rendering
  return { ...rendering, content: overridden(rendering.content, message.request.overrides) }
}

async function rendered(
  ctx: Ctx,
  templateKey: string,
  { profile, facts, unsubscribeUrl = null }: Reader,
  channel: WordedChannel,
  data: Record<string, unknown>,
): Promise<Rendering> {
  try {
    const locale = facts.preferences.locale ?? profile.locale
    const { timeZone } = facts
    const request = { templateKey, channel, locale, timeZone, tenantId: ctx.tenant.id, data, unsubscribeUrl }
    return await renderMessage(ctx, request)
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error
    return { code: error.code, problem: error.message }
  }
}

/** What the message says wins over what is known of the subscriber. */
function dataFor({ content, data }: MessageRequest, { profile }: Reader): Record<string, unknown> {
  if (!content) return { ...profile.data, ...data }
  const { title, body, actionUrl, actionLabel } = content
  return { title, message: body, link: actionUrl ?? null, link_words: actionLabel ?? null }
}

async function digestData(
  ctx: Ctx,
  { id, category }: Pick<Message, 'id' | 'category'>,
  reader: Reader,
): Promise<Record<string, unknown>> {
  const count = await digestSize(ctx, id)
  const shown = await digestItems(ctx, id, ITEMS_SHOWN)
  const items: Record<string, unknown>[] = []
  for (const item of shown) items.push(await itemData(ctx, item, reader))
  const title = (await categoryOf(ctx, category)).name
  return { title, count, items, more: count > items.length ? count - items.length : null }
}

/** An item as its words for the inbox say it; its template's key where it has none. */
async function itemData(ctx: Ctx, item: DigestItem, reader: Reader): Promise<Record<string, unknown>> {
  const at = item.createdAt.toISOString()
  const rendering = await rendered(ctx, item.templateKey, reader, 'in_app', dataFor(item.request, reader))
  if ('problem' in rendering || rendering.content.channel !== 'in_app') return { title: item.templateKey, at }
  const { title, body, actionUrl } = rendering.content
  return { title, body, link: actionUrl, at }
}

function overridden(content: Content, overrides: Overrides = {}): Content {
  if (content.channel === 'email') return { ...content, ...pick(overrides.email, ['subject']) }
  if (content.channel === 'sms') return { ...content, ...pick(overrides.sms, ['text']) }
  if (content.channel === 'push') return { ...content, ...pick(overrides.push, ['title', 'body', 'url']) }
  return { ...content, ...pick(overrides.in_app, ['title', 'body', 'actionUrl']) }
}

function pick<T extends object, K extends keyof T>(from: T | undefined, names: readonly K[]): Partial<T> {
  const given = names.filter((name) => from?.[name] !== undefined).map((name) => [name, from?.[name]])
  return Object.fromEntries(given) as Partial<T>
}
