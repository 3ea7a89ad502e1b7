import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { StartedJob } from '../../clients/resources.js'
import { findSchedule, runSchedule } from '../../operations/schedules.js'
import { startedView } from '../../views/schedule-views.js'

export default class SchedulesRun extends TenantCommand {
  static override summary = 'make the job of a schedule now'
  static override description = 'Also while it is paused; its own times stay as they are.'
  static override args = { schedule: requiredArg('id or name of the schedule') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> warm-up --tenant acme',
    '<%= config.bin %> <%= command.id %> kernel.housekeeping --json',
  ]
  static override jsonDoc = {
    job_id: 'id of the job',
    is_new: 'false where the job before it is not settled and the schedule skips overlaps',
  }

  async run(): Promise<StartedJob> {
    const { args, flags } = await this.parse(SchedulesRun)
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findSchedule(api, args.schedule)
    return this.show(await runSchedule(api, id), startedView)
  }
}
