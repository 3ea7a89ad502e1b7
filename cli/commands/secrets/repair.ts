import { DeploymentCommand } from '../../base/deployment-command.js'
import { type RepairResult, repairSecrets } from '../../operations/repair-secrets.js'
import { repairView } from '../../views/repair-view.js'

export default class SecretsRepair extends DeploymentCommand {
  static override summary = 'have the database accept the passwords in secrets/'
  static override description =
    'For a database whose passwords are others than the files say, as after putting one of the two back from a backup. Sets the roles to what the files say and restarts the server; touches nothing where all are accepted. The database has to run.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    changed: 'false when all were accepted already',
    secrets: {
      '[]': {
        secret: 'name of the secret',
        was_accepted: 'whether the database accepted it before',
        accepted: 'true: it does now',
      },
    },
  }

  async run(): Promise<RepairResult> {
    await this.parse(SecretsRepair)
    const deployment = await this.deployment()
    const runtime = await this.runtime(deployment)
    return this.show(await repairSecrets(deployment, runtime, this.progress), repairView)
  }
}
