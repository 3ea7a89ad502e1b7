import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../base/deployment-command.js'
import { statusDoc } from '../base/docs.js'
import type { StartResult } from '../operations/start-deployment.js'
import type { PlanResult } from '../runtimes/runtime.js'
import { planView } from '../views/plan-view.js'
import { startView } from '../views/start-view.js'

export default class Up extends DeploymentCommand {
  static override summary = 'start the deployment, creating it first where there is none'
  static override description =
    'Checks the host, starts every component in the background and waits until requests are served. A new deployment is embedded, listens on 127.0.0.1 only and gets generated secrets; its recovery key, which opens the backups when this host is lost, is printed once. Run again, it applies what changed in vetrai.yml, or changes nothing and says so. The version stays the one that the data is of: a newer one is brought by `vetrai upgrade run`, and `up` says so. An upgrade that was cut short is settled first. With --plan it only says what it would do: a list `changes`, each with component, action and reasons.'
  static override flags = {
    plan: Flags.boolean({ description: 'say what would be done, and do nothing', env: 'VETRAI_PLAN' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --plan',
    '<%= config.bin %> <%= command.id %> --yes --dir /srv/vetrai --json',
  ]
  static override jsonDoc = {
    created: 'true when this run made the deployment',
    changed: 'false when everything already ran and nothing was touched',
    name: 'name of the deployment',
    dir: 'its directory',
    url: 'URL of the API',
    docs_url: 'URL of the browsable documentation',
    operator_email: 'e-mail the operator signs in with',
    password_file: 'file that holds the generated password',
    recovery_key:
      'the key that opens the backups when this host is lost, given this once: keep it elsewhere; null unless this run made one',
    status: statusDoc,
    upgrade:
      'what `vetrai upgrade run` would bring: from and to, versions; null where there is nothing newer',
  }

  async run(): Promise<StartResult | PlanResult> {
    const { flags } = await this.parse(Up)
    if (flags.plan) {
      const { planDeployment } = await import('../operations/plan-deployment.js')
      return this.show(await planDeployment(this.deploymentDir), planView)
    }
    const [{ startDeployment }, { noteKeySeen }] = await Promise.all([
      import('../operations/start-deployment.js'),
      import('../operations/backup/recovery-key.js'),
    ])
    const result = this.show(await startDeployment(this.deploymentDir, this.progress), startView)
    if (result.recovery_key !== null) await noteKeySeen(await this.deployment())
    return result
  }
}
