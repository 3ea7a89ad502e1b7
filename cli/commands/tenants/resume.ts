import { ApiCommand } from '../../base/api-command.js'
import { requiredArg } from '../../base/flags.js'
import { tenantDoc } from '../../base/resource-docs.js'
import type { Tenant } from '../../clients/resources.js'
import { resumeTenant } from '../../operations/tenants.js'
import { tenantView } from '../../views/tenant-views.js'

export default class TenantsResume extends ApiCommand {
  static override summary = 'let a suspended tenant back in'
  static override description =
    'Also takes back a deletion, as long as the grace period lasts. Safe to repeat.'
  static override args = { tenant: requiredArg('slug or id') }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme',
    '<%= config.bin %> <%= command.id %> acme --json',
  ]
  static override jsonDoc = tenantDoc

  async run(): Promise<Tenant> {
    const { args } = await this.parse(TenantsResume)
    return this.show(await resumeTenant(await this.api(), args.tenant), tenantView)
  }
}
