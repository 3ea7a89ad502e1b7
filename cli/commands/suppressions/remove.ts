import { requiredArg, tenantFilterFlag } from '../../base/flags.js'
import { suppressionDoc } from '../../base/resource-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Suppression } from '../../clients/resources.js'
import { findSuppression, removeSuppression } from '../../operations/suppressions.js'
import { doneView } from '../../views/done-view.js'

export default class SuppressionsRemove extends TenantCommand {
  static override summary = 'let an address be written to again'
  static override description =
    'By one tenant, or without --tenant by the whole installation. One that bounces again comes back by itself; one that complained should have asked for it.'
  static override args = { address: requiredArg('the very address, or the id of its suppression') }
  static override flags = { tenant: tenantFilterFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %> ada@example.com --tenant acme',
    '<%= config.bin %> <%= command.id %> 01990f6e-5f0e-7000-8000-000000000000 --json',
  ]
  static override jsonDoc = { ...suppressionDoc, removed: 'true' }

  async run(): Promise<Suppression & { removed: true }> {
    const { args, flags } = await this.parse(SuppressionsRemove)
    const api = await this.tenantApi(flags.tenant)
    const list = flags.tenant === undefined ? 'installation' : 'tenant'
    const found = await findSuppression(api, list, args.address)
    return this.show(
      await removeSuppression(api, list, found),
      doneView(({ masked }) => `${masked} is written to again.`),
    )
  }
}
