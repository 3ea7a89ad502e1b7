import type { Ctx } from '../../../../kernel/context.js'
import { OutboundError } from '../../../../outbound/errors.js'
import { webhookErrors } from '../errors.js'

/** How every webhook is sent: in the open only to what the operator opened, and never where a redirect points. */
export const SENT_LIKE = { tlsUnlessOpened: true, redirect: 'manual' } as const

/**
 * Throws unless webhooks may be sent to this URL. It asks the resolver, so it belongs before a transaction; what it
 * finds holds for now only, and every delivery checks again.
 */
export async function checkDestination(ctx: Ctx, url: string | undefined): Promise<void> {
  if (url === undefined) return
  try {
    await ctx.fetch.check(url, SENT_LIKE)
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    throw new webhookErrors.WebhookUrlRefused({ reason: error.message })
  }
}
