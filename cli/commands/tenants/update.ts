import * as Flags from '@oclif/core/flags'
import { ApiCommand } from '../../base/api-command.js'
import { requiredArg } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { tenantDoc } from '../../base/resource-docs.js'
import { usageError } from '../../base/usage-error.js'
import type { Tenant } from '../../clients/resources.js'
import { updateTenant } from '../../operations/tenants.js'
import { tenantView } from '../../views/tenant-views.js'

export default class TenantsUpdate extends ApiCommand {
  static override summary = 'change a tenant'
  static override description = 'Changes what is given and nothing else.'
  static override args = { tenant: requiredArg('slug or id') }
  static override flags = {
    slug: Flags.string({ description: 'new slug', env: 'VETRAI_TENANT_SLUG' }),
    name: Flags.string({ description: 'new display name', env: 'VETRAI_TENANT_NAME' }),
    plan: Flags.string({ description: 'new plan', env: 'VETRAI_TENANT_PLAN' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme --name "Acme Corporation"',
    '<%= config.bin %> <%= command.id %> acme --plan team --json',
  ]
  static override jsonDoc = tenantDoc

  async run(): Promise<Tenant> {
    const { args, flags } = await this.parse(TenantsUpdate)
    const change = given({ slug: flags.slug, name: flags.name, plan: flags.plan })
    if (Object.keys(change).length === 0)
      throw usageError('There is nothing to change.', 'Give --name, --slug or --plan.')
    return this.show(await updateTenant(await this.api(), args.tenant, change), tenantView)
  }
}
