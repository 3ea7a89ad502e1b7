import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFlag } from '../../base/flags.js'
import { pageDoc } from '../../base/json-doc.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { endpointDoc } from '../../base/webhook-docs.js'
import type { Page } from '../../clients/api.js'
import type { WebhookEndpoint } from '../../clients/webhook-resources.js'
import { listEndpoints } from '../../operations/webhooks.js'
import { endpointsView } from '../../views/webhook-views.js'

export default class WebhooksList extends TenantCommand {
  static override summary = 'list the webhook endpoints of a tenant'
  static override description = 'Never shows a secret.'
  static override flags = {
    tenant: tenantFlag,
    state: Flags.string({
      description: 'only endpoints in this state',
      env: 'VETRAI_STATE',
      options: ['enabled', 'disabled'],
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme',
    '<%= config.bin %> <%= command.id %> --tenant acme --state disabled --all --json',
  ]
  static override jsonDoc = pageDoc(endpointDoc)

  async run(): Promise<Page<WebhookEndpoint>> {
    const { flags } = await this.parse(WebhooksList)
    const filter = flags.state === undefined ? {} : { enabled: flags.state === 'enabled' }
    return this.show(await listEndpoints(await this.tenantApi(flags.tenant), flags, filter), endpointsView)
  }
}
