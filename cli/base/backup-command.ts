import type { Deployment } from '../deployment/deployment.js'
import type { BackupContext } from '../operations/backup/use-tool.js'
import { DeploymentCommand } from './deployment-command.js'

/** A command on the backups of a deployment. */
export abstract class BackupCommand extends DeploymentCommand {
  /** What operations on backups work with. */
  protected async backups(): Promise<BackupContext> {
    const deployment: Deployment = await this.deployment()
    return { deployment, runtime: await this.runtime(deployment), progress: this.progress }
  }
}
