import { requiredArg, tenantFlag } from '../../base/flags.js'
import { subscriberDoc } from '../../base/notification-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Subscriber } from '../../clients/notification-resources.js'
import { findSubscriber } from '../../operations/notifications.js'
import { subscriberView } from '../../views/notification-views.js'

export default class SubscribersInfo extends TenantCommand {
  static override summary = 'show a subscriber'
  static override description = 'What the tenant told of an end user.'
  static override args = { subscriber: requiredArg("the tenant's own id of the end user, or ours") }
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> customer-42 --tenant acme',
    '<%= config.bin %> <%= command.id %> customer-42 --tenant acme --json',
  ]
  static override jsonDoc = subscriberDoc

  async run(): Promise<Subscriber> {
    const { args, flags } = await this.parse(SubscribersInfo)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await findSubscriber(api, args.subscriber), subscriberView)
  }
}
