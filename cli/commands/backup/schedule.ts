import * as Flags from '@oclif/core/flags'
import { keepDoc } from '../../base/backup-docs.js'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { given } from '../../base/given.js'
import type { BackupSchedule, ScheduleChange } from '../../operations/backup/backup-schedule.js'
import { backupScheduleView } from '../../views/backup-views.js'

/** What takes the place of a pattern that is to be forgotten. */
const NONE = 'none'

export default class BackupScheduleCommand extends DeploymentCommand {
  static override summary = 'show or set when backups are made by themselves'
  static override description =
    'The deployment itself makes them, whatever runs it, and once however many processes it has; what an outage missed is made up for. Writes vetrai.yml (backup); it takes effect with the next `up`. Without flags it only shows.'
  static override flags = {
    cron: Flags.string({
      description: 'pattern of minute, hour, day of month, month and day of week',
      env: 'VETRAI_CRON',
      helpValue: 'PATTERN',
      exclusive: ['off'],
    }),
    drill: Flags.string({
      description: `pattern by which the newest backup is restored to see that it can be; ${NONE} for never`,
      env: 'VETRAI_DRILL',
      helpValue: 'PATTERN',
      exclusive: ['off'],
    }),
    'time-zone': Flags.string({
      description: 'IANA time zone that the patterns go by',
      env: 'VETRAI_TIME_ZONE',
      helpValue: 'ZONE',
    }),
    off: Flags.boolean({ description: 'neither backups nor drills by themselves', env: 'VETRAI_OFF' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --cron "30 2 * * *" --time-zone Europe/Berlin',
    '<%= config.bin %> <%= command.id %> --drill "0 5 1 * *"',
    '<%= config.bin %> <%= command.id %> --off --json',
  ]
  static override jsonDoc = {
    schedule: 'cron pattern of backups; null for never',
    drill: 'cron pattern of drills; null for never',
    time_zone: 'time zone that they go by',
    next_at: 'when the next backup is due, or null',
    next_drill_at: 'when the next drill is due, or null',
    targets: { '[]': 'target that backups go to' },
    keep: keepDoc,
    changed: 'true when vetrai.yml was changed: `up` makes it count',
  }

  async run(): Promise<BackupSchedule> {
    const { flags } = await this.parse(BackupScheduleCommand)
    const { changeSchedule, readSchedule } = await import('../../operations/backup/backup-schedule.js')
    const change: ScheduleChange = given({
      ...(flags.off
        ? { schedule: null, drill: null }
        : { schedule: flags.cron, drill: flags.drill === NONE ? null : flags.drill }),
      time_zone: flags['time-zone'],
    })
    const deployment = await this.deployment()
    const isChange = Object.keys(change).length > 0
    return this.show(
      isChange ? await changeSchedule(deployment, change) : readSchedule(deployment),
      backupScheduleView,
    )
  }
}
