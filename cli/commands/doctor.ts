import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../base/deployment-command.js'
import { EXIT } from '../base/exit-codes.js'
import type { CheckReport } from '../operations/run-checks.js'
import { checkView } from '../views/check-view.js'

export default class Doctor extends DeploymentCommand {
  static override summary = 'look for what is wrong, with a remedy for each'
  static override description =
    'Checks Node.js, memory, disk, clock, configuration, file modes, secrets, ports and who holds them, database and Redis versions, outgoing mail, the passwords of the database, pending migrations, the components, the backups and their targets, and what starts the deployment at boot; with the compose runtime also the Docker engine and Compose, what the containers have of memory, disk and kernel, the firewall, and whether the domain leads here and arrives. Changes nothing. Exits 1 when a check fails. `up` runs the part that matters before a start by itself.'
  static override flags = {
    skip: Flags.string({
      description: 'leave a check out, by its name; may be repeated',
      env: 'VETRAI_SKIP',
      multiple: true,
      delimiter: ',',
      helpValue: 'NAME',
    }),
    'mail-to': Flags.string({
      description: 'also send a test mail to this address',
      env: 'VETRAI_MAIL_TO',
      helpValue: 'ADDRESS',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --skip reachability --skip smtp',
    '<%= config.bin %> <%= command.id %> --mail-to you@example.com',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    ok: 'false when a check failed',
    checks: {
      '[]': {
        name: 'stable name of the check',
        title: 'what it looks at',
        level: 'ok, warn, fail or skipped',
        detail: 'what it found',
        remedy: 'what to do; null when there is nothing to do',
      },
    },
  }

  async run(): Promise<CheckReport> {
    const { flags } = await this.parse(Doctor)
    const { checkDeployment } = await import('../operations/check-deployment.js')
    const report = await checkDeployment(this.deploymentDir, 'doctor', {
      skip: flags.skip,
      mailTo: flags['mail-to'],
    })
    if (!report.ok) process.exitCode = EXIT.failed
    return this.show(report, checkView)
  }
}
