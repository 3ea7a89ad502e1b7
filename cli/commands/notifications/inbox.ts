import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { inboxItemDoc } from '../../base/notification-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { InboxItem } from '../../clients/notification-resources.js'
import { asSubscriber, findSubscriber, listInbox } from '../../operations/notifications.js'
import { inboxView } from '../../views/notification-views.js'

export default class NotificationsInbox extends TenantCommand {
  static override summary = 'show an inbox'
  static override description =
    "Of the operator, or with --subscriber as that subscriber's app sees it. Looking marks nothing as read."
  static override flags = {
    tenant: tenantFlag,
    subscriber: Flags.string({
      description: "a subscriber, by the tenant's own id",
      env: 'VETRAI_SUBSCRIBER',
      helpValue: 'ID',
    }),
    state: Flags.string({
      description: 'which items',
      env: 'VETRAI_STATE',
      options: ['active', 'unread', 'read', 'archived', 'snoozed', 'all'],
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme',
    '<%= config.bin %> <%= command.id %> --tenant acme --subscriber customer-42 --state unread --json',
  ]
  static override jsonDoc = pageDoc(inboxItemDoc)

  async run(): Promise<Page<InboxItem>> {
    const { flags } = await this.parse(NotificationsInbox)
    const { subscriber, state, tenant } = flags
    const api = await this.tenantApi(tenant)
    const reader =
      subscriber === undefined ? api : await asSubscriber(api, await findSubscriber(api, subscriber))
    return this.show(await listInbox(reader, flags, given({ state })), inboxView)
  }
}
