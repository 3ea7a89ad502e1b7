import { requiredArg, tenantFlag } from '../../base/flags.js'
import { deliveryDoc } from '../../base/notification-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Delivery } from '../../clients/notification-resources.js'
import { retryDelivery } from '../../operations/notifications.js'
import { deliveryView } from '../../views/notification-views.js'

export default class NotificationsRetry extends TenantCommand {
  static override summary = 'send a failed delivery again'
  static override description =
    'Also one that bounced. Preferences, suppressions and quiet hours are asked anew.'
  static override args = { delivery: requiredArg('id of the delivery') }
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme',
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --json',
  ]
  static override jsonDoc = deliveryDoc

  async run(): Promise<Delivery> {
    const { args, flags } = await this.parse(NotificationsRetry)
    return this.show(await retryDelivery(await this.tenantApi(flags.tenant), args.delivery), deliveryView)
  }
}
