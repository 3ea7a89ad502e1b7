import type { SmtpReport } from '../operations/test-smtp.js'
import { findingLines } from './check-view.js'
import type { View } from './view.js'

/** Every step to the mail server, and a sentence that says how far it went. */
export const smtpView: View<SmtpReport> = ({ ok, host, port, sent_to, steps }, paint) => {
  const verdict = ok
    ? paint.green(
        sent_to === null ? `${host}:${port} takes mail.` : `A test mail is on its way to ${sent_to}.`,
      )
    : paint.red('No mail gets out.')
  return `${findingLines(steps, paint)}\n\n${verdict}`
}
