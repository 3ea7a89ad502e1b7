import * as Flags from '@oclif/core/flags'
import { ApiCommand } from '../../base/api-command.js'
import { durationFlag } from '../../base/duration-flag.js'
import { given } from '../../base/given.js'
import { maintenanceDoc } from '../../base/resource-docs.js'
import type { MaintenanceStatus } from '../../clients/resources.js'
import { beginMaintenance } from '../../operations/maintenance.js'
import { maintenanceView } from '../../views/maintenance-view.js'

/** Long enough for most jobs. */
const WAIT_S = 600

export default class MaintenanceOn extends ApiCommand {
  static override summary =
    'let the deployment rest: requests are answered 503, background work does not begin'
  static override description =
    'When it is done no request that could write is under way any more, in any process, and none is accepted; each that was accepted before is answered. Browsers see a page with the message; health, metrics and the operator token are served as ever. Running jobs go on to their end: --wait waits for them. Safe to repeat, which changes the message. It outlasts restarts until `vetrai maintenance off`.'
  static override flags = {
    message: Flags.string({
      description: 'what callers and visitors are told',
      env: 'VETRAI_MESSAGE',
      helpValue: 'TEXT',
    }),
    'retry-after': durationFlag({
      description: 'when clients are told to try again; 5m without it',
      env: 'VETRAI_RETRY_AFTER',
    }),
    wait: Flags.boolean({ description: 'wait until no job runs any more', env: 'VETRAI_WAIT' }),
    'wait-for': durationFlag({
      description: 'how long --wait waits at most; 10m without it',
      env: 'VETRAI_WAIT_FOR',
      dependsOn: ['wait'],
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --message "We move to a bigger house, back at 22:00 UTC." --retry-after 30m --wait',
  ]
  static override jsonDoc = maintenanceDoc

  async run(): Promise<MaintenanceStatus> {
    const { flags } = await this.parse(MaintenanceOn)
    const words = given({ message: flags.message, retry_after_s: flags['retry-after'] })
    const drain = flags.wait ? { drainMs: (flags['wait-for'] ?? WAIT_S) * 1_000 } : {}
    const context = { api: await this.api(), progress: this.progress }
    return this.show(await beginMaintenance(context, words, drain), maintenanceView)
  }
}
