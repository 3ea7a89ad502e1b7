import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { scheduleDoc } from '../../base/resource-docs.js'
import { behaviourFlags, changesFrom, timesFlags } from '../../base/schedule-flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Schedule } from '../../clients/resources.js'
import { createSchedule } from '../../operations/schedules.js'
import { scheduleView } from '../../views/schedule-views.js'

export default class SchedulesCreate extends TenantCommand {
  static override summary = 'create a schedule'
  static override description =
    'It makes a job of one kind at its times, each time exactly once: by a pattern or every so many seconds. `vetrai schedules preview` shows when a pattern fires, `vetrai jobs kinds` what payload a kind takes.'
  static override args = { name: requiredArg('its name, unique in the tenant') }
  static override flags = {
    tenant: tenantFlag,
    kind: Flags.string({
      description: 'kind of job it makes',
      env: 'VETRAI_KIND',
      helpValue: 'KIND',
      required: true,
    }),
    ...behaviourFlags,
    ...timesFlags,
    paused: Flags.boolean({ description: 'wait until it is resumed', env: 'VETRAI_PAUSED' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> warm-up --tenant acme --kind workers.http-request --payload \'{"url":"https://app.acme.example/warm-up"}\' --every 900',
    '<%= config.bin %> <%= command.id %> "Morning report" --tenant acme --kind workers.http-request --payload \'{"url":"https://app.acme.example/report"}\' --cron "0 9 * * MON-FRI" --time-zone Europe/Berlin --json',
  ]
  static override jsonDoc = scheduleDoc

  async run(): Promise<Schedule> {
    const { args, flags } = await this.parse(SchedulesCreate)
    const schedule = {
      ...{ name: args.name, kind: flags.kind },
      ...(await changesFrom(flags)),
      ...given({ paused: flags.paused }),
    }
    return this.show(await createSchedule(await this.tenantApi(flags.tenant), schedule), scheduleView)
  }
}
