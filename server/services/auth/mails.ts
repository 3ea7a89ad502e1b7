import type { Ctx } from '../../kernel/context.js'
import { MailError } from '../../outbound/mail.js'
import type { MailTemplateName, MailVariables } from '../../outbound/mail-templates.js'
import { createMailRenderer } from '../../outbound/render-mail.js'
import { publicUrl } from './state.js'

/** Pages of the web app that take a token; it stands behind `#`, which browsers send to no server and no log. */
const PAGES = {
  verify: 'account/verify-email',
  reset: 'account/reset-password',
  sessions: 'account/sessions',
} as const
type Page = keyof typeof PAGES

/**
 * Writes to a person from a template. Never from request headers: a forged Host must not get into anybody's mail.
 * Throws what may succeed later; what never can (a refused address) is logged and given up.
 */
export async function sendTemplate<N extends MailTemplateName>(
  ctx: Ctx,
  to: string,
  name: N,
  variables: MailVariables<N>,
): Promise<void> {
  const mail = createMailRenderer({ appName: ctx.config.VETRAI_NAME }).render(name, variables)
  try {
    await ctx.mail.send({ to, ...mail })
  } catch (error) {
    if (error instanceof MailError && !error.isTemporary) {
      ctx.log.warn({ code: error.code }, 'a mail was refused for good and is given up')
      return
    }
    throw error
  }
}

/** Address of a page of the web app, with a token in its fragment where one is given. */
export function pageLink(ctx: Ctx, page: Page, token?: string): string {
  return `${publicUrl(ctx.resources)}/${PAGES[page]}${token ? `#token=${token}` : ''}`
}

/** A time as mails show it: to the minute, in UTC. */
export function mailTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** A length of time in words: `15 minutes`, `1 hour`, `7 days`. */
export function mailDuration(seconds: number): string {
  const [size, unit] =
    seconds >= 172_800 ? [86_400, 'day'] : seconds >= 3600 ? [3600, 'hour'] : [60, 'minute']
  const count = Math.max(1, Math.round(seconds / size))
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
