import { tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { endpointDoc } from '../../base/webhook-docs.js'
import { endpointArg } from '../../base/webhook-flags.js'
import type { WebhookEndpoint } from '../../clients/webhook-resources.js'
import { findEndpoint } from '../../operations/webhooks.js'
import { endpointView } from '../../views/webhook-views.js'

export default class WebhooksInfo extends TenantCommand {
  static override summary = 'show a webhook endpoint'
  static override description =
    'With the public keys that receivers check v1a signatures with; never a secret.'
  static override args = { endpoint: endpointArg }
  static override flags = { tenant: tenantFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme',
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --json',
  ]
  static override jsonDoc = endpointDoc

  async run(): Promise<WebhookEndpoint> {
    const { args, flags } = await this.parse(WebhooksInfo)
    const api = await this.tenantApi(flags.tenant)
    return this.show(await findEndpoint(api, args.endpoint), endpointView)
  }
}
