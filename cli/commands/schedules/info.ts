import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { scheduleDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Schedule } from '../../clients/resources.js'
import { findSchedule } from '../../operations/schedules.js'
import { scheduleView } from '../../views/schedule-views.js'

export default class SchedulesInfo extends TenantCommand {
  static override summary = 'show a schedule'
  static override description = 'When it fires, when it did, and what kept it from doing so.'
  static override args = { schedule: requiredArg('id or name of the schedule') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> "Morning report" --tenant acme',
    '<%= config.bin %> <%= command.id %> kernel.housekeeping --json',
  ]
  static override jsonDoc = scheduleDoc

  async run(): Promise<Schedule> {
    const { args, flags } = await this.parse(SchedulesInfo)
    return this.show(await findSchedule(await this.tenantApi(flags.tenant), args.schedule), scheduleView)
  }
}
