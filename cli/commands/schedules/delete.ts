import { confirmByName } from '../../base/confirm.js'
import { confirmFlag, requiredArg, tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { deleteSchedule, findSchedule } from '../../operations/schedules.js'
import { doneView } from '../../views/done-view.js'

type Deleted = Awaited<ReturnType<typeof deleteSchedule>>

export default class SchedulesDelete extends TenantCommand {
  static override summary = 'delete a schedule for good'
  static override description = 'The jobs it made stay, and run if they have not.'
  static override args = { schedule: requiredArg('id or name of the schedule') }
  static override flags = { tenant: tenantFlag, confirm: confirmFlag('its name') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> warm-up --tenant acme --confirm warm-up',
    '<%= config.bin %> <%= command.id %> warm-up --tenant acme --confirm warm-up --json',
  ]
  static override jsonDoc = { id: 'id of the schedule', name: 'its name', deleted: 'true' }

  async run(): Promise<Deleted> {
    const { args, flags } = await this.parse(SchedulesDelete)
    const api = await this.tenantApi(flags.tenant)
    const schedule = await findSchedule(api, args.schedule)
    const consequence = `deletes the schedule ${schedule.name}`
    await confirmByName({ name: schedule.name, consequence, given: flags.confirm })
    return this.show(
      await deleteSchedule(api, schedule),
      doneView(({ name }) => `Deleted ${name}.`),
    )
  }
}
