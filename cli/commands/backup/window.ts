import { DeploymentCommand } from '../../base/deployment-command.js'
import { originFlag } from '../../base/origin-flag.js'
import { timesDoc } from '../../base/point-in-time-docs.js'
import type { RestorableTimes } from '../../runtimes/runtime.js'
import { restorableTimesView } from '../../views/point-in-time-views.js'

export default class BackupWindow extends DeploymentCommand {
  static override summary = 'show what points in time can be restored'
  static override description =
    'Reads the archive of the built-in database (`backup.wal: true`): any time between the first and the last it shows can be restored with `restore --at TIME`. Works while the deployment is stopped.'
  static override flags = { 'from-deployment': originFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --from-deployment 0123456789abcdef --json',
  ]
  static override jsonDoc = timesDoc

  async run(): Promise<RestorableTimes> {
    const { flags } = await this.parse(BackupWindow)
    const deployment = await this.deployment()
    const { pointInTime } = await import('../../operations/point-in-time.js')
    const able = pointInTime(await this.runtime(deployment))
    const times = await able.times(deployment, flags['from-deployment'])
    return this.show(times, restorableTimesView)
  }
}
