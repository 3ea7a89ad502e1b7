import type { Api } from '../clients/api.js'
import { ApiCommand } from './api-command.js'

/** A command that acts in one tenant, named by `--tenant`. */
export abstract class TenantCommand extends ApiCommand {
  protected async tenantApi(tenant: string): Promise<Api> {
    return (await this.api()).inTenant(tenant)
  }
}
