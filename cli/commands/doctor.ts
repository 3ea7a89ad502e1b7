import { DeploymentCommand } from '../base/deployment-command.js'
import { EXIT } from '../base/exit-codes.js'
import type { CheckReport } from '../operations/run-checks.js'
import { checkView } from '../views/check-view.js'

export default class Doctor extends DeploymentCommand {
  static override summary = 'look for what is wrong, with a remedy for each'
  static override description =
    'Checks Node.js, memory, disk, clock, configuration, file modes, secrets, ports and who holds them, database and Redis versions, pending migrations and the components. Changes nothing. Exits 1 when a check fails. `up` runs the part that matters before a start by itself.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    ok: 'false when a check failed',
    checks: {
      '[]': {
        name: 'stable name of the check',
        title: 'what it looks at',
        level: 'ok, warn or fail',
        detail: 'what it found',
        remedy: 'what to do; null when there is nothing to do',
      },
    },
  }

  async run(): Promise<CheckReport> {
    await this.parse(Doctor)
    const { checkDeployment } = await import('../operations/check-deployment.js')
    const report = await checkDeployment(this.deploymentDir, 'doctor')
    if (!report.ok) process.exitCode = EXIT.failed
    return this.show(report, checkView)
  }
}
