import { INSTALLATION } from '../../../jobs/job-row.js'
import type { Resources } from '../../../kernel/resources.js'
import { MailError, type MailMessage, type MailRoute } from '../../../outbound/mail.js'
import { checkMailAddress } from '../../../outbound/mail-message.js'
import type { Outgoing, SendOutcome } from '../channel.js'
import type { Sender, SendFailure } from './sender.js'

/** A sender for each mail server, in the order they are tried. */
export function emailSenders({ mail }: Pick<Resources, 'mail'>): readonly Sender[] {
  return mail.routes.map(emailSender)
}

function emailSender(route: MailRoute): Sender {
  const provider = route.name
  return {
    provider,
    circuitOf: () => provider,
    // SMTP cannot be called off in the middle: the connection's own time-outs end what hangs.
    send: async (outgoing) => {
      try {
        const { messageId } = await route.send(messageOf(outgoing))
        return { status: 'sent', provider, providerMessageId: messageId, cost: null }
      } catch (error) {
        return failureOf(provider, outgoing, error)
      }
    },
  }
}

function messageOf({ deliveryId, tenantId, destination, content, unsubscribeUrl }: Outgoing): MailMessage {
  if (destination.channel !== 'email' || content.channel !== 'email') {
    throw new TypeError('an e-mail sender was given something else')
  }
  return {
    to: destination.address,
    subject: content.subject,
    text: content.text,
    html: content.html,
    delivery: { tenantId: tenantId ?? INSTALLATION, deliveryId },
    headers: unsubscribeUrl === null ? {} : unsubscribeHeaders(unsubscribeUrl),
  }
}

/** RFC 8058: mail clients show a button of their own that posts to the address. */
function unsubscribeHeaders(url: string): Record<string, string> {
  return { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
}

function failureOf(provider: string, { destination }: Outgoing, error: unknown): SendOutcome {
  if (!(error instanceof MailError)) throw error
  const failure: SendFailure = {
    status: 'failed',
    provider,
    code: error.code.slice('outbound.'.length),
    message: error.message,
    isRetryable: error.isTemporary,
  }
  const suppress = error.deadAddress ?? (isAddress(destination) ? undefined : 'invalid')
  return suppress === undefined ? failure : { ...failure, suppress }
}

function isAddress(destination: Outgoing['destination']): boolean {
  try {
    return destination.channel === 'email' && checkMailAddress(destination.address) !== ''
  } catch {
    return false
  }
}
