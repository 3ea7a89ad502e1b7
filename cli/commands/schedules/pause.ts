import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { scheduleDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Schedule } from '../../clients/resources.js'
import { findSchedule, setPaused } from '../../operations/schedules.js'
import { scheduleView } from '../../views/schedule-views.js'

export default class SchedulesPause extends TenantCommand {
  static override summary = 'have a schedule fire no more'
  static override description = 'Until it is resumed; jobs it made are not touched. Safe to repeat.'
  static override args = { schedule: requiredArg('id or name of the schedule') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> warm-up --tenant acme',
    '<%= config.bin %> <%= command.id %> kernel.housekeeping --json',
  ]
  static override jsonDoc = scheduleDoc

  async run(): Promise<Schedule> {
    const { args, flags } = await this.parse(SchedulesPause)
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findSchedule(api, args.schedule)
    return this.show(await setPaused(api, id, true), scheduleView)
  }
}
