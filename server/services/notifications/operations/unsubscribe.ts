import type { Ctx } from '../../../kernel/context.js'
import type { Resources } from '../../../kernel/resources.js'
import type { PageContent } from '../../../kernel/schema.js'
import { publicUrl } from '../../auth/api.js'
import { nameOfTenant } from '../../tenancy/api.js'
import { channelErrors } from '../errors/channels.js'
import { makeUnsubscribeToken, readUnsubscribeToken, type Unsubscription } from '../rules/unsubscribe-link.js'

/** The address a message carries for its recipient to end its category: a page by GET, the deed by POST (RFC 8058). */
export function unsubscribeUrl(resources: Resources, unsubscription: Unsubscription): string {
  const token = makeUnsubscribeToken(resources.secrets.key('unsubscribe'), unsubscription)
  return `${publicUrl(resources)}/notifications/v1/unsubscribe/${token}`
}

/** The page that asks for a press of the button. Changes nothing: scanners of mail open every link. */
export async function showUnsubscribe(ctx: Ctx, token: string): Promise<PageContent> {
  const words = await wordsOf(ctx, unsubscriptionOf(ctx, token))
  return { page: 'unsubscribe', title: 'Unsubscribe', words }
}

/** Tells who keeps preferences that this recipient ended this category. Safe to repeat. */
export async function unsubscribe(ctx: Ctx, token: string): Promise<PageContent> {
  const unsubscription = unsubscriptionOf(ctx, token)
  const { tenantId, recipient, category } = unsubscription
  await ctx.emit('notifications.unsubscribed', { recipient, category }, tenantId)
  return { page: 'unsubscribed', title: 'Unsubscribed', words: await wordsOf(ctx, unsubscription) }
}

function unsubscriptionOf(ctx: Ctx, token: string): Unsubscription {
  const unsubscription = readUnsubscribeToken(ctx.secrets.key('unsubscribe'), token)
  if (!unsubscription) throw new channelErrors.LinkRefused()
  return unsubscription
}

async function wordsOf(ctx: Ctx, { tenantId, category }: Unsubscription) {
  const name = tenantId === null ? null : await nameOfTenant(ctx, tenantId)
  return {
    sender: name ?? ctx.config.VETRAI_NAME,
    what: category === null ? 'messages that you can do without' : `messages of the kind “${category}”`,
  }
}
