import { DeploymentCommand } from '../../base/deployment-command.js'
import { serviceDoc } from '../../base/docs.js'
import { EXIT } from '../../base/exit-codes.js'
import type { ServiceStatus } from '../../operations/read-service.js'
import { serviceView } from '../../views/service-view.js'

export default class ServiceStatusCommand extends DeploymentCommand {
  static override summary = 'show whether systemd starts the deployment at boot'
  static override description =
    'Changes nothing. Exits 0 when the deployment is started at boot and 3 when it is not, or where there is no systemd.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    ...serviceDoc,
    installed: 'true when there is a unit',
    enabled: 'true when systemd starts it at boot',
    active: 'true when systemd has started it',
    current: 'false when `service install` would write another unit; null when there is none',
    starts_at_boot: 'true when nothing is missing',
  }

  async run(): Promise<ServiceStatus> {
    await this.parse(ServiceStatusCommand)
    const deployment = await this.deployment()
    const { requireSystemd } = await import('../../operations/install-service.js')
    const { readService } = await import('../../operations/read-service.js')
    const status = await readService(deployment, await requireSystemd(deployment))
    if (!status.starts_at_boot) process.exitCode = EXIT.notReady
    return this.show(status, serviceView)
  }
}
