import { ApiCommand } from '../../base/api-command.js'
import { maintenanceDoc } from '../../base/resource-docs.js'
import type { MaintenanceStatus } from '../../clients/resources.js'
import { readMaintenance } from '../../operations/maintenance.js'
import { maintenanceView } from '../../views/maintenance-view.js'

export default class MaintenanceShow extends ApiCommand {
  static override summary = 'show whether the deployment rests, and what still runs'
  static override description =
    'Also tells what callers are told, whether requests accepted before are over, and how many jobs run.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = maintenanceDoc

  async run(): Promise<MaintenanceStatus> {
    await this.parse(MaintenanceShow)
    return this.show(await readMaintenance(await this.api()), maintenanceView)
  }
}
