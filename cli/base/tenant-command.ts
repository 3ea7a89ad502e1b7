import type { Api } from '../clients/api.js'
import { ApiCommand } from './api-command.js'

/** A command that acts in one tenant, named by `--tenant`; where that is optional, else in the installation. */
export abstract class TenantCommand extends ApiCommand {
  protected async tenantApi(tenant: string | undefined): Promise<Api> {
    const api = await this.api()
    return tenant === undefined ? api : api.inTenant(tenant)
  }
}
