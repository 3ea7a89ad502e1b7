import * as Flags from '@oclif/core/flags'
import { pageFlags, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { attemptDoc } from '../../base/webhook-docs.js'
import { endpointArg } from '../../base/webhook-flags.js'
import type { Page } from '../../clients/api.js'
import type { WebhookAttempt } from '../../clients/webhook-resources.js'
import { findEndpoint, listAttempts } from '../../operations/webhooks.js'
import { attemptsView } from '../../views/webhook-views.js'

export default class WebhooksAttempts extends TenantCommand {
  static override summary = 'list the requests made to a webhook endpoint'
  static override description = 'Newest first, with what the receiver answered.'
  static override args = { endpoint: endpointArg }
  static override flags = {
    tenant: tenantFlag,
    outcome: Flags.string({
      description: 'only those that ended so',
      env: 'VETRAI_OUTCOME',
      options: ['succeeded', 'failed'],
    }),
    message: Flags.string({
      description: 'only those with this message',
      env: 'VETRAI_MESSAGE',
      helpValue: 'ID',
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme',
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --outcome failed --all --json',
  ]
  static override jsonDoc = pageDoc(attemptDoc)

  async run(): Promise<Page<WebhookAttempt>> {
    const { args, flags } = await this.parse(WebhooksAttempts)
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findEndpoint(api, args.endpoint)
    const filter = given({ outcome: flags.outcome, message_id: flags.message })
    return this.show(await listAttempts(api, id, flags, filter), attemptsView)
  }
}
