import { tenantFlag } from '../../base/flags.js'
import { pageDoc } from '../../base/json-doc.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { eventTypeDoc } from '../../base/webhook-docs.js'
import type { Page } from '../../clients/api.js'
import type { EventType } from '../../clients/webhook-resources.js'
import { listEventTypes } from '../../operations/webhooks.js'
import { eventTypesView } from '../../views/webhook-views.js'

export default class WebhooksEvents extends TenantCommand {
  static override summary = 'list the event types that webhook endpoints may be sent'
  static override description =
    'With --json each with an example. Types of your own begin with app. and are not listed.'
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme',
    '<%= config.bin %> <%= command.id %> --tenant acme --json',
  ]
  static override jsonDoc = pageDoc(eventTypeDoc)

  async run(): Promise<Page<EventType>> {
    const { flags } = await this.parse(WebhooksEvents)
    return this.show(await listEventTypes(await this.tenantApi(flags.tenant)), eventTypesView)
  }
}
