import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { EXIT } from '../../base/exit-codes.js'
import type { SmtpReport } from '../../operations/test-smtp.js'
import { smtpView } from '../../views/smtp-view.js'

export default class SmtpTest extends DeploymentCommand {
  static override summary = 'go every step to the mail server, and send a test mail'
  static override description =
    'Resolves its name, connects, agrees on TLS, looks at the certificate and signs in, as the server does, and says of each how it went and what to do. Sends nothing without --to. Exits 1 when a step fails.'
  static override flags = {
    to: Flags.string({
      description: 'send a test mail from mail.from to this address',
      env: 'VETRAI_TO',
      helpValue: 'ADDRESS',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --to you@example.com',
  ]
  static override jsonDoc = {
    ok: 'false when a step failed; no later one was tried then',
    host: 'the mail server',
    port: 'its port',
    security: 'tls (from the first byte), starttls or optional',
    sent_to: 'where a test mail went; null when none was sent',
    steps: {
      '[]': {
        name: 'resolve, connect, greet, certificate, auth, size or send',
        title: 'the step in words',
        level: 'ok, warn or fail',
        detail: 'how it went',
        remedy: 'what to do; null when there is nothing to do',
      },
    },
  }

  async run(): Promise<SmtpReport> {
    const { flags } = await this.parse(SmtpTest)
    const deployment = await this.deployment()
    const { smtpServerOf, testMailOf, testSmtp } = await import('../../operations/test-smtp.js')
    const report = await testSmtp(await smtpServerOf(deployment), testMailOf(deployment, flags.to))
    if (!report.ok) process.exitCode = EXIT.failed
    return this.show(report, smtpView)
  }
}
