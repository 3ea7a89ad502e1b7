import * as Flags from '@oclif/core/flags'
import { channelFlag, pageFlags, tenantFilterFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { suppressionDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Page } from '../../clients/api.js'
import type { Suppression } from '../../clients/resources.js'
import { listSuppressions } from '../../operations/suppressions.js'
import { suppressionsView } from '../../views/suppression-views.js'

export default class SuppressionsList extends TenantCommand {
  static override summary = 'list addresses that are not written to'
  static override description =
    'Of one tenant, or without --tenant of the whole installation. Addresses are masked; --address looks for one exactly.'
  static override flags = {
    tenant: tenantFilterFlag,
    channel: channelFlag('only addresses of this channel'),
    reason: Flags.string({
      description: 'only for this reason',
      env: 'VETRAI_REASON',
      options: ['hard_bounce', 'complaint', 'gone', 'invalid', 'manual'],
    }),
    address: Flags.string({
      description: 'only this very address',
      env: 'VETRAI_ADDRESS',
      helpValue: 'ADDRESS',
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tenant acme --reason complaint',
    '<%= config.bin %> <%= command.id %> --address ada@example.com --json',
  ]
  static override jsonDoc = pageDoc(suppressionDoc)

  async run(): Promise<Page<Suppression>> {
    const { flags } = await this.parse(SuppressionsList)
    const { tenant, channel, reason, address } = flags
    const api = await this.tenantApi(tenant)
    const list = tenant === undefined ? 'installation' : 'tenant'
    const filter = given({ channel, reason, address })
    return this.show(await listSuppressions(api, list, flags, filter), suppressionsView)
  }
}
