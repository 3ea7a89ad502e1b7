import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { issuedEndpointDoc } from '../../base/webhook-docs.js'
import {
  descriptionFlag,
  eventsFlag,
  headersStdinFlag,
  readHeaders,
  signingFlag,
} from '../../base/webhook-flags.js'
import type { IssuedWebhookEndpoint } from '../../clients/webhook-resources.js'
import { createEndpoint } from '../../operations/webhooks.js'
import { issuedEndpointView } from '../../views/webhook-views.js'

export default class WebhooksCreate extends TenantCommand {
  static override summary = 'make a webhook endpoint'
  static override description =
    'Messages are signed as Standard Webhooks 1.0.0 says. The shared secret is shown this once and never again.'
  static override args = { url: requiredArg('where messages are sent') }
  static override flags = {
    tenant: tenantFlag,
    events: eventsFlag({ required: true }),
    description: descriptionFlag,
    signing: signingFlag(),
    'rate-per-minute': Flags.integer({
      description: 'most messages a minute; no limit without it',
      env: 'VETRAI_RATE_PER_MINUTE',
      helpValue: 'COUNT',
      min: 1,
    }),
    disabled: Flags.boolean({ description: 'send nothing until it is enabled', env: 'VETRAI_DISABLED' }),
    'headers-stdin': headersStdinFlag,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --events "keys.*,app.*"',
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --events "*" --signing v1a --json',
    'printf "authorization: Bearer %s" "$TOKEN" | <%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --events "*" --headers-stdin',
  ]
  static override jsonDoc = issuedEndpointDoc

  async run(): Promise<IssuedWebhookEndpoint> {
    const { args, flags } = await this.parse(WebhooksCreate)
    const endpoint = {
      url: args.url,
      event_types: flags.events,
      ...given({
        description: flags.description,
        signing: flags.signing,
        rate_per_minute: flags['rate-per-minute'],
        enabled: flags.disabled ? false : undefined,
        headers: await readHeaders(flags['headers-stdin']),
      }),
    }
    return this.show(await createEndpoint(await this.tenantApi(flags.tenant), endpoint), issuedEndpointView)
  }
}
