import { DeploymentCommand } from '../base/deployment-command.js'
import { statusDoc } from '../base/docs.js'
import { optionalArg } from '../base/flags.js'
import type { RuntimeStatus } from '../runtimes/runtime.js'
import { doneView } from '../views/done-view.js'

export default class Restart extends DeploymentCommand {
  static override summary = 'restart one component, or all'
  static override description = 'Stops it cleanly, starts it again and waits until the deployment is ready.'
  static override args = { component: optionalArg('component to restart; all without it') }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> server --dir /srv/vetrai',
  ]
  static override jsonDoc = statusDoc

  async run(): Promise<RuntimeStatus> {
    const { args } = await this.parse(Restart)
    const deployment = await this.deployment()
    const runtime = await this.runtime(deployment)
    await runtime.restart(deployment, args.component, this.progress)
    return this.show(
      await runtime.status(deployment),
      doneView(() => `Restarted ${args.component ?? 'every component'}.`),
    )
  }
}
