import { DeploymentCommand } from '../../base/deployment-command.js'
import { timesDoc } from '../../base/point-in-time-docs.js'
import type { RestorableTimes } from '../../runtimes/runtime.js'
import { restorableTimesView } from '../../views/point-in-time-views.js'

export default class BackupWindow extends DeploymentCommand {
  static override summary = 'show what points in time can be restored'
  static override description =
    'Reads the archive of the built-in database (`backup.wal: true`): any time between the first and the last it shows can be restored with `restore --at TIME`. Works while the deployment is stopped.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = timesDoc

  async run(): Promise<RestorableTimes> {
    await this.parse(BackupWindow)
    const deployment = await this.deployment()
    const { pointInTime } = await import('../../operations/point-in-time.js')
    return this.show(await pointInTime(await this.runtime(deployment)).times(deployment), restorableTimesView)
  }
}
