import { DeploymentCommand } from '../base/deployment-command.js'
import { changedDoc } from '../base/docs.js'
import { doneView } from '../views/done-view.js'

export default class Down extends DeploymentCommand {
  static override summary = 'stop the deployment; data stays'
  static override description =
    'Stops the server first, so that it finishes the requests it has, then Redis and PostgreSQL. Safe to repeat.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --dir /srv/vetrai',
  ]
  static override jsonDoc = changedDoc

  async run(): Promise<{ changed: boolean }> {
    await this.parse(Down)
    const deployment = await this.deployment()
    const runtime = await this.runtime(deployment)
    return this.show(
      await runtime.down(deployment, this.progress),
      doneView(({ changed }) =>
        changed ? 'Stopped. Start it again with `vetrai up`.' : 'It was not running.',
      ),
    )
  }
}
