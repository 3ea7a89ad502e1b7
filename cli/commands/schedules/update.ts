import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { scheduleDoc } from '../../base/resource-docs.js'
import { behaviourFlags, changesFrom, timesFlags } from '../../base/schedule-flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { usageError } from '../../base/usage-error.js'
import type { Schedule } from '../../clients/resources.js'
import { findSchedule, updateSchedule } from '../../operations/schedules.js'
import { scheduleView } from '../../views/schedule-views.js'

export default class SchedulesUpdate extends TenantCommand {
  static override summary = 'change a schedule'
  static override description =
    'Changes what is given and nothing else; a pattern takes the place of a rhythm and the other way round. New times count from now on.'
  static override args = { schedule: requiredArg('id or name of the schedule') }
  static override flags = {
    tenant: tenantFlag,
    name: Flags.string({ description: 'new name', env: 'VETRAI_SCHEDULE_NAME', helpValue: 'NAME' }),
    ...behaviourFlags,
    ...timesFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> warm-up --tenant acme --every 600',
    '<%= config.bin %> <%= command.id %> warm-up --tenant acme --cron "@hourly" --ends-at none --json',
  ]
  static override jsonDoc = scheduleDoc

  async run(): Promise<Schedule> {
    const { args, flags } = await this.parse(SchedulesUpdate)
    const changes = { ...given({ name: flags.name }), ...(await changesFrom(flags)) }
    if (Object.keys(changes).length === 0)
      throw usageError('There is nothing to change.', 'Give what is to change, such as --cron or --name.')
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findSchedule(api, args.schedule)
    return this.show(await updateSchedule(api, id, changes), scheduleView)
  }
}
