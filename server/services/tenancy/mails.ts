import type { Ctx } from '../../kernel/context.js'
import { MailError } from '../../outbound/mail.js'
import type { MailTemplateName, MailVariables } from '../../outbound/mail-templates.js'
import { createMailRenderer } from '../../outbound/render-mail.js'

/**
 * Writes to a person from a template. Throws what may succeed later; what never can (a refused address) is logged
 * and given up.
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
    if (!(error instanceof MailError) || error.isTemporary) throw error
    ctx.log.warn({ code: error.code }, 'a mail was refused for good and is given up')
  }
}

/** Link to the page that takes an invitation; the token stands behind `#`, which browsers send to no server and no log. */
export function invitationLink({ config }: Ctx, token: string): string {
  // Never from request headers: a forged Host must not get into anybody's mail.
  const url = config.VETRAI_PUBLIC_URL ?? `http://${config.VETRAI_HOST}:${config.VETRAI_PORT}`
  return `${url.replace(/\/+$/, '')}/account/accept-invitation#token=${token}`
}

/** A time as mails show it: to the minute, in UTC. */
export function mailTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
