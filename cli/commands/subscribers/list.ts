import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { subscriberDoc } from '../../base/notification-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { Subscriber } from '../../clients/notification-resources.js'
import { listSubscribers } from '../../operations/notifications.js'
import { subscribersView } from '../../views/notification-views.js'

export default class SubscribersList extends TenantCommand {
  static override summary = 'list the end users of a tenant that may be notified'
  static override description =
    'Subscribers are end users of the tenant; members have accounts and are not listed.'
  static override flags = {
    tenant: tenantFlag,
    email: Flags.string({ description: 'only with this address', env: 'VETRAI_EMAIL', helpValue: 'ADDRESS' }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme',
    '<%= config.bin %> <%= command.id %> --tenant acme --email ada@example.com --json',
  ]
  static override jsonDoc = pageDoc(subscriberDoc)

  async run(): Promise<Page<Subscriber>> {
    const { flags } = await this.parse(SubscribersList)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await listSubscribers(api, flags, given({ email: flags.email })), subscribersView)
  }
}
