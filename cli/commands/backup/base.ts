import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { timesDoc } from '../../base/point-in-time-docs.js'
import type { RestorableTimes } from '../../runtimes/runtime.js'
import { restorableTimesView } from '../../views/point-in-time-views.js'

export default class BackupBase extends DeploymentCommand {
  static override summary = 'make a base backup of the database for points in time'
  static override description =
    'Copies the built-in database into its archive (`backup.wal: true`) while it is in use. One is made each day by itself, a full one each week; before a large change one more makes going back to just before it quick.'
  static override flags = {
    type: Flags.option({ options: ['full', 'diff'] as const })({
      description: 'everything, or what changed since the last full one',
      env: 'VETRAI_TYPE',
      default: 'diff',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --type full --json',
  ]
  static override jsonDoc = timesDoc

  async run(): Promise<RestorableTimes> {
    const { flags } = await this.parse(BackupBase)
    const deployment = await this.deployment()
    const { pointInTime } = await import('../../operations/point-in-time.js')
    const able = pointInTime(await this.runtime(deployment))
    return this.show(await able.baseBackup(deployment, flags.type, this.progress), restorableTimesView)
  }
}
