import * as Flags from '@oclif/core/flags'
import { ApiCommand } from '../../base/api-command.js'
import { requiredArg } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { tenantDoc } from '../../base/resource-docs.js'
import type { Tenant } from '../../clients/resources.js'
import { suspendTenant } from '../../operations/tenants.js'
import { tenantView } from '../../views/tenant-views.js'

export default class TenantsSuspend extends ApiCommand {
  static override summary = 'shut a tenant out until it is resumed'
  static override description =
    'Its people and keys are refused within a second; its data stays. Safe to repeat.'
  static override args = { tenant: requiredArg('slug or id') }
  static override flags = {
    reason: Flags.string({ description: 'why; kept with the tenant', env: 'VETRAI_REASON' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme',
    '<%= config.bin %> <%= command.id %> acme --reason "unpaid since June" --json',
  ]
  static override jsonDoc = tenantDoc

  async run(): Promise<Tenant> {
    const { args, flags } = await this.parse(TenantsSuspend)
    return this.show(
      await suspendTenant(await this.api(), args.tenant, given({ reason: flags.reason })),
      tenantView,
    )
  }
}
