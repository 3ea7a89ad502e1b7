import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { issuedEndpointDoc } from '../../base/webhook-docs.js'
import { endpointArg, signingFlag } from '../../base/webhook-flags.js'
import type { IssuedWebhookEndpoint } from '../../clients/webhook-resources.js'
import { findEndpoint, rotateKeys } from '../../operations/webhooks.js'
import { issuedEndpointView } from '../../views/webhook-views.js'

export default class WebhooksRotate extends TenantCommand {
  static override summary = 'give a webhook endpoint new signing keys'
  static override description =
    'Until the overlap is over messages carry signatures of the old and the new keys. With --overlap 0 the old ones end now.'
  static override args = { endpoint: endpointArg }
  static override flags = {
    tenant: tenantFlag,
    overlap: Flags.integer({
      description: 'seconds the old keys sign along',
      env: 'VETRAI_OVERLAP',
      default: 86_400,
      min: 0,
      max: 604_800,
      helpValue: 'SECONDS',
    }),
    signing: signingFlag(),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme',
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --overlap 0 --signing v1a --json',
  ]
  static override jsonDoc = issuedEndpointDoc

  async run(): Promise<IssuedWebhookEndpoint> {
    const { args, flags } = await this.parse(WebhooksRotate)
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findEndpoint(api, args.endpoint)
    const how = { overlap_s: flags.overlap, ...given({ signing: flags.signing }) }
    return this.show(await rotateKeys(api, id, how), issuedEndpointView)
  }
}
