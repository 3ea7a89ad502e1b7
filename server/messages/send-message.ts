import type { Ctx } from '../kernel/context.js'
import { MailError } from '../outbound/mail.js'
import type { MessageData, MessageKey } from './catalogue/messages.js'
import { renderShipped } from './render-shipped.js'
import { PLAIN_THEME, themeView } from './theme.js'

/**
 * Mails a message of the installation itself to somebody, in its language and with its look. Throws what may succeed
 * later; what never can (a refused address) is logged and given up.
 */
export async function sendMessage<K extends MessageKey>(
  ctx: Ctx,
  to: string,
  key: K,
  data: MessageData<K>,
): Promise<void> {
  const frame = { ...themeView(PLAIN_THEME, ctx.config.VETRAI_NAME), unsubscribe_url: null }
  const rendered = renderShipped(key, 'email', data, {
    locale: ctx.config.VETRAI_LOCALE,
    timeZone: 'UTC',
    frame,
  })
  if (rendered?.content.channel !== 'email') throw new TypeError(`the message ${key} is no mail`)
  const { subject, html, text } = rendered.content
  try {
    await ctx.mail.send({ to, subject, html, text })
  } catch (error) {
    if (!(error instanceof MailError) || error.isTemporary) throw error
    ctx.log.warn({ code: error.code }, 'a mail was refused for good and is given up')
  }
}
