import type { Ctx } from '../../../kernel/context.js'
import { CHANNELS, type Channel } from '../channel.js'
import { pipelineErrors } from '../errors/pipeline.js'
import { templateErrors } from '../errors/templates.js'
import type { Message } from '../models/message.js'
import type { Category } from '../rules/categories.js'
import type { CountedThrottle, Plan, Step } from '../rules/decide.js'
import { categoriesOf } from '../state.js'
import { readTemplateProfile, type TemplateProfile } from './render-message.js'

/** The template of messages that bring their own words. */
export const INLINE_TEMPLATE = 'announcement'

export type PlannedMessage = Pick<Message, 'kind' | 'templateKey' | 'category' | 'request'>

/** What a message wants, from itself, its template and its category. Throws where one of the two does not exist. */
export async function planMessage(ctx: Ctx, message: PlannedMessage): Promise<Plan> {
  const { templateKey, request } = message
  const profile = await profileOf(ctx, templateKey)
  const category = await categoryOf(ctx, message.category)
  const isOwn = message.kind === 'message'
  return {
    category: { ...category, critical: category.critical || (isOwn && profile.critical) },
    templateKey,
    isChain: request.chain !== undefined,
    steps: stepsOf(request, profile),
    // A webhook carries the event itself.
    worded: new Set<Channel>([...profile.channels, 'webhook']),
    // What a digest tells of was counted when it joined.
    throttles: isOwn ? throttlesOf(message, category) : [],
    digest: isOwn && !request.chain ? digestOf(message, category) : null,
  }
}

/** The template of this key. Throws where there is none. */
export async function profileOf(ctx: Ctx, key: string): Promise<TemplateProfile> {
  const profile = await readTemplateProfile(ctx, { tenantId: ctx.tenant.id, key })
  if (!profile) throw new templateErrors.TemplateUnknown()
  return profile
}

/** The category of this key. Throws where the tenant has none. */
export async function categoryOf(ctx: Ctx, key: string): Promise<Category> {
  const category = (await categoriesOf(ctx)).find((one) => one.key === key)
  if (!category) throw new pipelineErrors.CategoryUnknown({ key })
  return category
}

function stepsOf({ chain, channels }: Message['request'], profile: TemplateProfile): Step[] {
  if (chain) return chain
  // Text messages cost: they go out only where somebody asks for them.
  const chosen = channels ?? CHANNELS.filter((one) => one !== 'sms' && includes(profile.channels, one))
  return chosen.map((channel) => ({ channel, afterS: 0 }))
}

/** A message's own digest gathers its template, a category's all of the category; a key says otherwise. */
function digestOf({ templateKey, request }: PlannedMessage, { key, digest }: Category): Plan['digest'] {
  if (request.digest) return { ...request.digest, key: request.digest.key ?? `template:${templateKey}` }
  return digest && { ...digest, key: digest.key ?? `category:${key}` }
}

function throttlesOf({ templateKey, request }: PlannedMessage, category: Category): CountedThrottle[] {
  const own = request.throttle
  return [
    ...(category.throttle ? [{ ...category.throttle, key: `category:${category.key}` }] : []),
    ...(own ? [{ limit: own.limit, windowS: own.windowS, key: `message:${own.key ?? templateKey}` }] : []),
  ]
}

function includes(list: readonly Channel[], channel: Channel): boolean {
  return list.includes(channel)
}
