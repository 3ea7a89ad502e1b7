import * as Flags from '@oclif/core/flags'
import { ApiCommand } from '../../base/api-command.js'
import { pageFlags } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { pageDoc } from '../../base/json-doc.js'
import { tenantDoc } from '../../base/resource-docs.js'
import type { Page } from '../../clients/api.js'
import type { Tenant } from '../../clients/resources.js'
import { listTenants } from '../../operations/tenants.js'
import { tenantsView } from '../../views/tenant-views.js'

export default class TenantsList extends ApiCommand {
  static override summary = 'list the tenants'
  static override description = 'One page of them, or all.'
  static override flags = {
    search: Flags.string({ description: 'part of the slug or the name', env: 'VETRAI_SEARCH' }),
    status: Flags.string({
      description: 'only these',
      env: 'VETRAI_STATUS',
      options: ['active', 'suspended', 'deleting'],
    }),
    ...pageFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --all --json',
  ]
  static override jsonDoc = pageDoc(tenantDoc)

  async run(): Promise<Page<Tenant>> {
    const { flags } = await this.parse(TenantsList)
    const filter = given({ q: flags.search, status: flags.status })
    return this.show(await listTenants(await this.api(), flags, filter), tenantsView)
  }
}
