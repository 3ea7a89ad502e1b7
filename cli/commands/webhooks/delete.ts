import { confirmByName } from '../../base/confirm.js'
import { confirmFlag, tenantFlag } from '../../base/flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import { endpointArg } from '../../base/webhook-flags.js'
import { deleteEndpoint, findEndpoint } from '../../operations/webhooks.js'
import { doneView } from '../../views/done-view.js'

type Deleted = Awaited<ReturnType<typeof deleteEndpoint>>

export default class WebhooksDelete extends TenantCommand {
  static override summary = 'delete a webhook endpoint'
  static override description =
    'Nothing is sent to it any more, also not what waits for another attempt. To stop it for a while, disable it.'
  static override args = { endpoint: endpointArg }
  static override flags = { tenant: tenantFlag, confirm: confirmFlag('the URL') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://example.com/webhooks --tenant acme --confirm https://example.com/webhooks',
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --tenant acme --confirm https://example.com/webhooks --json',
  ]
  static override jsonDoc = { id: 'id of the endpoint', url: 'its URL', deleted: 'true' }

  async run(): Promise<Deleted> {
    const { args, flags } = await this.parse(WebhooksDelete)
    const api = await this.tenantApi(flags.tenant)
    const endpoint = await findEndpoint(api, args.endpoint)
    const consequence = 'ends all messages to this webhook endpoint'
    await confirmByName({ name: endpoint.url, consequence, given: flags.confirm })
    return this.show(
      await deleteEndpoint(api, endpoint),
      doneView(({ url }) => `Deleted the endpoint ${url}.`),
    )
  }
}
