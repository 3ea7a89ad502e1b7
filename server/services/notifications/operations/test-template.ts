import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { shorten } from '../../../messages/clean-words.js'
import { MailError } from '../../../outbound/mail.js'
import { requireOwnAddress } from '../../auth/api.js'
import { templateErrors } from '../errors/templates.js'
import type { PreviewInput } from '../schemas/templates.js'
import { previewTemplate } from './preview-template.js'

/** Mails what a preview shows to the caller's own proven address, and to nobody else. */
export async function testTemplate(ctx: Ctx, key: string, input: PreviewInput) {
  const to = await requireOwnAddress(ctx)
  const { contents } = await previewTemplate(ctx, key, input, ['email'])
  const { email } = contents
  if (email?.content.channel !== 'email') {
    throw new templateErrors.ChannelUnworded({ template: key, channel: 'email' })
  }
  const { html, text } = email.content
  const subject = shorten(`[Test] ${email.content.subject}`, 200)
  try {
    await ctx.mail.send({ to, subject, html, text })
  } catch (error) {
    if (!(error instanceof MailError)) throw error
    if (error.isTemporary) throw new kernelErrors.Unavailable({ what: 'The mail server' })
    throw new templateErrors.TestRefused()
  }
  return { to, subject, locale: email.locale }
}
