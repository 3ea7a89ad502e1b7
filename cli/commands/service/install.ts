import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { serviceDoc } from '../../base/docs.js'
import type { InstallResult } from '../../operations/install-service.js'
import { installedView, unitView } from '../../views/service-view.js'

export default class ServiceInstall extends DeploymentCommand {
  static override summary = 'have systemd start the deployment at boot'
  static override description =
    'Writes and enables a unit that runs `up` at boot and `down` at shutdown: one of the system as root (running as the owner of the directory), one of the user otherwise. What runs is left alone, and a unit that is right already too. Exits 3 where there is no systemd, with what to do instead.'
  static override flags = {
    now: Flags.boolean({ description: 'start the unit as well', env: 'VETRAI_NOW', exclusive: ['print'] }),
    print: Flags.boolean({ description: 'print the unit and change nothing', env: 'VETRAI_PRINT' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --now',
    '<%= config.bin %> <%= command.id %> --print --dir /srv/vetrai',
  ]
  static override jsonDoc = {
    changed: 'false when everything was in place',
    ...serviceDoc,
    active: 'true when systemd has started it',
    text: 'the unit itself',
  }

  async run(): Promise<InstallResult> {
    const { flags } = await this.parse(ServiceInstall)
    const deployment = await this.deployment()
    const service = await import('../../operations/install-service.js')
    if (flags.print) return this.show(await service.previewService(deployment), unitView)
    const systemd = await service.requireSystemd(deployment)
    const { now } = flags
    return this.show(
      await service.installService(deployment, systemd, { now, progress: this.progress }),
      installedView,
    )
  }
}
