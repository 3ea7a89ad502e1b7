import { ApiCommand } from '../../base/api-command.js'
import { maintenanceDoc } from '../../base/resource-docs.js'
import type { MaintenanceStatus } from '../../clients/resources.js'
import { endMaintenance } from '../../operations/maintenance.js'
import { maintenanceView } from '../../views/maintenance-view.js'

export default class MaintenanceOff extends ApiCommand {
  static override summary = 'end the rest: requests are served, background work goes on'
  static override description = 'Every process goes on at once. Safe to repeat.'
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override jsonDoc = maintenanceDoc

  async run(): Promise<MaintenanceStatus> {
    await this.parse(MaintenanceOff)
    return this.show(await endMaintenance(await this.api()), maintenanceView)
  }
}
