import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { deliveryDoc } from '../../base/notification-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { Delivery } from '../../clients/notification-resources.js'
import { findSubscriber, listDeliveries } from '../../operations/notifications.js'
import { deliveriesView } from '../../views/notification-views.js'

export default class NotificationsDeliveries extends TenantCommand {
  static override summary = 'list what became of messages'
  static override description =
    'One line for each message, recipient and channel, also for those that were not sent, with the rule that decided.'
  static override flags = {
    tenant: tenantFlag,
    message: Flags.string({ description: 'only of this message', env: 'VETRAI_MESSAGE', helpValue: 'ID' }),
    subscriber: Flags.string({
      description: "only to this subscriber, by the tenant's own id",
      env: 'VETRAI_SUBSCRIBER',
      helpValue: 'ID',
    }),
    channel: Flags.string({
      description: 'only on this channel',
      env: 'VETRAI_CHANNEL',
      options: ['in_app', 'email', 'sms', 'push', 'webhook'],
    }),
    status: Flags.string({ description: 'only in this status', env: 'VETRAI_STATUS', helpValue: 'STATUS' }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme --status failed',
    '<%= config.bin %> <%= command.id %> --tenant acme --subscriber customer-42 --channel email --all --json',
  ]
  static override jsonDoc = pageDoc(deliveryDoc)

  async run(): Promise<Page<Delivery>> {
    const { flags } = await this.parse(NotificationsDeliveries)
    const { message, subscriber, channel, status } = flags
    const api = await this.tenantApi(flags.tenant)
    const recipient = subscriber === undefined ? undefined : (await findSubscriber(api, subscriber)).id
    const filter = given({ message_id: message, recipient_id: recipient, channel, status })
    return this.show(await listDeliveries(api, flags, filter), deliveriesView)
  }
}
