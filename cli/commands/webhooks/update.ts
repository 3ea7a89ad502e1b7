import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { usageError } from '../../base/usage-error.js'
import { endpointDoc } from '../../base/webhook-docs.js'
import {
  descriptionFlag,
  endpointArg,
  eventsFlag,
  headersStdinFlag,
  readHeaders,
} from '../../base/webhook-flags.js'
import type { WebhookEndpoint } from '../../clients/webhook-resources.js'
import { findEndpoint, updateEndpoint } from '../../operations/webhooks.js'
import { endpointView } from '../../views/webhook-views.js'

export default class WebhooksUpdate extends TenantCommand {
  static override summary = 'change, enable or disable a webhook endpoint'
  static override description =
    'Changes what is given and nothing else. Headers replace all there were; enabling forgets earlier failures.'
  static override args = { endpoint: endpointArg }
  static override flags = {
    tenant: tenantFlag,
    url: Flags.string({ description: 'new URL', env: 'VETRAI_URL', helpValue: 'URL' }),
    events: eventsFlag(),
    description: descriptionFlag,
    'rate-per-minute': Flags.integer({
      description: 'most messages a minute; 0 for no limit',
      env: 'VETRAI_RATE_PER_MINUTE',
      helpValue: 'COUNT',
      min: 0,
    }),
    state: Flags.string({
      description: 'send messages, or nothing',
      env: 'VETRAI_STATE',
      options: ['enabled', 'disabled'],
    }),
    'headers-stdin': headersStdinFlag,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --state enabled',
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --events "*" --rate-per-minute 60 --json',
  ]
  static override jsonDoc = endpointDoc

  async run(): Promise<WebhookEndpoint> {
    const { args, flags } = await this.parse(WebhooksUpdate)
    const rate = flags['rate-per-minute']
    const change = given({
      url: flags.url,
      event_types: flags.events,
      description: flags.description,
      rate_per_minute: rate === 0 ? null : rate,
      enabled: flags.state === undefined ? undefined : flags.state === 'enabled',
      headers: await readHeaders(flags['headers-stdin']),
    })
    if (Object.keys(change).length === 0)
      throw usageError('There is nothing to change.', 'Give --url, --events, --state or another flag.')
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findEndpoint(api, args.endpoint)
    return this.show(await updateEndpoint(api, id, change), endpointView)
  }
}
