import type { Api } from '../clients/api.js'
import { DeploymentCommand } from './deployment-command.js'

/** A command that calls the deployment's REST API as the operator. */
export abstract class ApiCommand extends DeploymentCommand {
  /** A client for the deployment's own URL, with the operator token kept at init. */
  protected async api(): Promise<Api> {
    const { openApi } = await import('../operations/open-api.js')
    return openApi(await this.deployment())
  }
}
