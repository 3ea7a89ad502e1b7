import * as Flags from '@oclif/core/flags'
import { optionalArg, tenantFilterFlag } from '../../base/flags.js'
import { scheduleRunsDoc } from '../../base/resource-docs.js'
import { timesFlags, timesFrom } from '../../base/schedule-flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { usageError } from '../../base/usage-error.js'
import type { ScheduleRuns } from '../../clients/resources.js'
import { findSchedule, nextRuns, previewTimes } from '../../operations/schedules.js'
import { runsView } from '../../views/schedule-views.js'

export default class SchedulesPreview extends TenantCommand {
  static override summary = 'show when a schedule or a pattern fires next'
  static override description =
    'In words, by the clock of its zone and in UTC, with what the coming changes of the clocks do to it. Nothing is stored.'
  static override args = { schedule: optionalArg('id or name of a schedule, in place of --cron or --every') }
  static override flags = {
    tenant: tenantFilterFlag,
    ...timesFlags,
    count: Flags.integer({
      description: 'how many',
      env: 'VETRAI_COUNT',
      default: 10,
      min: 1,
      max: 100,
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --cron "30 2 * * *" --time-zone Europe/Berlin',
    '<%= config.bin %> <%= command.id %> warm-up --tenant acme --count 3 --json',
  ]
  static override jsonDoc = scheduleRunsDoc

  async run(): Promise<ScheduleRuns> {
    const { args, flags } = await this.parse(SchedulesPreview)
    const times = timesFrom(flags)
    const isNamed = args.schedule !== undefined
    if (isNamed === (flags.cron !== undefined || flags.every !== undefined))
      throw usageError('One schedule or one pattern can be shown.', 'Give a schedule, or --cron, or --every.')
    const api = await this.tenantApi(flags.tenant)
    const runs =
      args.schedule === undefined
        ? await previewTimes(api, times, flags.count)
        : await nextRuns(api, (await findSchedule(api, args.schedule)).id, flags.count)
    return this.show(runs, runsView)
  }
}
