import * as Flags from '@oclif/core/flags'
import { channelFlag, requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { suppressionDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Suppression } from '../../clients/resources.js'
import { addSuppression } from '../../operations/suppressions.js'
import { suppressionView } from '../../views/suppression-views.js'

export default class SuppressionsAdd extends TenantCommand {
  static override summary = 'keep an address from being written to'
  static override description =
    'By one tenant, or without --tenant by the whole installation. Safe to repeat: an address that is on the list stays as it is.'
  static override args = { address: requiredArg('e-mail address, phone number (+49…) or push endpoint') }
  static override flags = {
    tenant: tenantFilterFlag,
    channel: channelFlag('what the address is for; told from the address without it'),
    reason: Flags.string({
      description: 'why; manual without it',
      env: 'VETRAI_REASON',
      options: ['hard_bounce', 'complaint', 'gone', 'invalid', 'manual'],
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ada@example.com --tenant acme --reason complaint',
    '<%= config.bin %> <%= command.id %> +4915123456789 --json',
  ]
  static override jsonDoc = suppressionDoc

  async run(): Promise<Suppression> {
    const { args, flags } = await this.parse(SuppressionsAdd)
    const { tenant, channel, reason } = flags
    const api = await this.tenantApi(tenant)
    const list = tenant === undefined ? 'installation' : 'tenant'
    const suppression = { address: args.address, ...given({ channel, reason }) }
    return this.show(await addSuppression(api, list, suppression), suppressionView)
  }
}
