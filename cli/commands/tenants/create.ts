import * as Flags from '@oclif/core/flags'
import { ApiCommand } from '../../base/api-command.js'
import { requiredArg } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { tenantDoc } from '../../base/resource-docs.js'
import type { Tenant } from '../../clients/resources.js'
import { createTenant } from '../../operations/tenants.js'
import { tenantView } from '../../views/tenant-views.js'

export default class TenantsCreate extends ApiCommand {
  static override summary = 'create a tenant'
  static override description = 'A tenant is an organisation: its people, keys and data are its own.'
  static override args = { slug: requiredArg('short name: a-z, 0-9 and -, unique in the deployment') }
  static override flags = {
    name: Flags.string({ description: 'display name; the slug without it', env: 'VETRAI_TENANT_NAME' }),
    plan: Flags.string({ description: 'plan; the default plan without it', env: 'VETRAI_TENANT_PLAN' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme',
    '<%= config.bin %> <%= command.id %> acme --name "Acme Corp" --json',
  ]
  static override jsonDoc = tenantDoc

  async run(): Promise<Tenant> {
    const { args, flags } = await this.parse(TenantsCreate)
    const tenant = { slug: args.slug, ...given({ name: flags.name, plan: flags.plan }) }
    return this.show(await createTenant(await this.api(), tenant), tenantView)
  }
}
