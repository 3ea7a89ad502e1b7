import { ApiCommand } from '../../base/api-command.js'
import { pageFlags } from '../../base/flags.js'
import { pageDoc } from '../../base/json-doc.js'
import { tenantDoc } from '../../base/resource-docs.js'
import type { Page } from '../../clients/api.js'
import type { Tenant } from '../../clients/resources.js'
import { listTenants } from '../../operations/tenants.js'
import { tenantsView } from '../../views/tenant-views.js'

export default class TenantsList extends ApiCommand {
  static override summary = 'list the tenants'
  static override description = 'One page of them, or all.'
  static override flags = pageFlags
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --all --json',
  ]
  static override jsonDoc = pageDoc(tenantDoc)

  async run(): Promise<Page<Tenant>> {
    const { flags } = await this.parse(TenantsList)
    return this.show(await listTenants(await this.api(), flags), tenantsView)
  }
}
