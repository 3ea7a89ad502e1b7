import { ApiCommand } from '../../base/api-command.js'
import { requiredArg } from '../../base/flags.js'
import { tenantDoc } from '../../base/resource-docs.js'
import type { Tenant } from '../../clients/resources.js'
import { getTenant } from '../../operations/tenants.js'
import { tenantView } from '../../views/tenant-views.js'

export default class TenantsInfo extends ApiCommand {
  static override summary = 'show a tenant'
  static override description = 'By slug or id.'
  static override args = { tenant: requiredArg('slug or id') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme',
    '<%= config.bin %> <%= command.id %> acme --json',
  ]
  static override jsonDoc = tenantDoc

  async run(): Promise<Tenant> {
    const { args } = await this.parse(TenantsInfo)
    return this.show(await getTenant(await this.api(), args.tenant), tenantView)
  }
}
