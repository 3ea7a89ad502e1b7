import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { scheduleDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { Schedule } from '../../clients/resources.js'
import { listSchedules } from '../../operations/schedules.js'
import { schedulesView } from '../../views/schedule-views.js'

export default class SchedulesList extends TenantCommand {
  static override summary = 'list schedules'
  static override description = 'Of one tenant, or those of the installation itself.'
  static override flags = {
    tenant: tenantFilterFlag,
    state: Flags.string({
      description: 'only schedules in this state',
      env: 'VETRAI_STATE',
      options: ['active', 'paused', 'ended'],
    }),
    kind: Flags.string({
      description: 'only schedules that make jobs of this kind',
      env: 'VETRAI_KIND',
      helpValue: 'KIND',
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tenant acme --state active --all --json',
  ]
  static override jsonDoc = pageDoc(scheduleDoc)

  async run(): Promise<Page<Schedule>> {
    const { flags } = await this.parse(SchedulesList)
    const filter = given({ state: flags.state, kind: flags.kind })
    return this.show(await listSchedules(await this.tenantApi(flags.tenant), flags, filter), schedulesView)
  }
}
