import * as Flags from '@oclif/core/flags'
import { tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { endpointArg } from '../../base/webhook-flags.js'
import { findEndpoint, replayEndpoint } from '../../operations/webhooks.js'
import { doneView } from '../../views/done-view.js'

type Started = Awaited<ReturnType<typeof replayEndpoint>>

export default class WebhooksReplay extends TenantCommand {
  static override summary = 'send again what failed at a webhook endpoint'
  static override description =
    'A job sends all that failed or was skipped in a time, oldest first, each with the webhook-id it had.'
  static override args = { endpoint: endpointArg }
  static override flags = {
    tenant: tenantFlag,
    since: Flags.string({
      description: 'start, RFC 3339',
      env: 'VETRAI_SINCE',
      helpValue: 'TIME',
      required: true,
    }),
    until: Flags.string({
      description: 'end, RFC 3339; now without it',
      env: 'VETRAI_UNTIL',
      helpValue: 'TIME',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --since 2026-11-25T00:00:00Z',
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --since 2026-11-24T00:00:00Z --until 2026-11-25T00:00:00Z --json',
  ]
  static override jsonDoc = { job_id: 'id of the job that sends them' }

  async run(): Promise<Started> {
    const { args, flags } = await this.parse(WebhooksReplay)
    const api = await this.tenantApi(flags.tenant)
    const { id } = await findEndpoint(api, args.endpoint)
    const span = { since: flags.since, ...given({ until: flags.until }) }
    return this.show(
      await replayEndpoint(api, id, span),
      doneView(({ job_id }) => `Job ${job_id} sends them again.`),
    )
  }
}
