import * as Flags from '@oclif/core/flags'
import { EXIT } from '../../base/exit-codes.js'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { messageDoc } from '../../base/webhook-docs.js'
import { endpointArg } from '../../base/webhook-flags.js'
import type { WebhookMessage } from '../../clients/webhook-resources.js'
import { findEndpoint, testEndpoint } from '../../operations/webhooks.js'
import { testedView } from '../../views/webhook-views.js'

export default class WebhooksTest extends TenantCommand {
  static override summary = 'send an example to a webhook endpoint'
  static override description =
    'Its body says "test": true. Waits for what comes of it, and exits 1 unless the receiver took it.'
  static override args = { endpoint: endpointArg }
  static override flags = {
    tenant: tenantFlag,
    type: Flags.string({
      description: 'event type whose example is sent',
      env: 'VETRAI_TYPE',
      helpValue: 'TYPE',
    }),
    wait: Flags.integer({
      description: 'seconds to wait at most',
      env: 'VETRAI_WAIT',
      default: 30,
      min: 0,
      max: 300,
      helpValue: 'SECONDS',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme',
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --type keys.key.revoked --json',
  ]
  static override jsonDoc = messageDoc

  async run(): Promise<WebhookMessage> {
    const { args, flags } = await this.parse(WebhooksTest)
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findEndpoint(api, args.endpoint)
    const message = await testEndpoint(api, id, {
      waitMs: flags.wait * 1_000,
      ...given({ type: flags.type }),
    })
    if (message.deliveries.some(({ status }) => status !== 'delivered')) process.exitCode = EXIT.failed
    return this.show(message, testedView)
  }
}
