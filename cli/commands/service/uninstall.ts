import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import type { UninstallServiceResult } from '../../operations/uninstall-service.js'
import { doneView } from '../../views/done-view.js'

export default class ServiceUninstall extends DeploymentCommand {
  static override summary = 'have systemd start the deployment no more'
  static override description =
    'Disables and removes the unit. What runs goes on, unless --now stops it. Data stays. Safe to repeat.'
  static override flags = {
    now: Flags.boolean({ description: 'stop the deployment as well', env: 'VETRAI_NOW' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --now --json',
  ]
  static override jsonDoc = {
    changed: 'false when there was no unit',
    removed: { '[]': 'path of a unit that was removed' },
  }

  async run(): Promise<UninstallServiceResult> {
    const { flags } = await this.parse(ServiceUninstall)
    const { uninstallService } = await import('../../operations/uninstall-service.js')
    return this.show(
      await uninstallService(await this.deployment(), { now: flags.now }),
      doneView(({ removed }) =>
        removed.length === 0 ? 'There was no unit.' : `Removed ${removed.join(', ')}.`,
      ),
    )
  }
}
