import type { Deployment } from '../deployment/deployment.js'
import { resolveDeploymentDir } from '../deployment/resolve-dir.js'
import type { Runtime } from '../runtimes/runtime.js'
import { BaseCommand } from './base-command.js'

/** A command that works on one deployment, found by `--dir`. */
export abstract class DeploymentCommand extends BaseCommand {
  /** Absolute path of the deployment directory; it need not exist. */
  protected get deploymentDir(): string {
    return resolveDeploymentDir({ flag: this.globals.dir })
  }

  /** Opens the deployment; where there is none it fails with exit code 3 and the way to make one. */
  protected async deployment(): Promise<Deployment> {
    const { openDeployment } = await import('../deployment/deployment.js')
    return openDeployment(this.deploymentDir)
  }

  /** The runtime that vetrai.yml names. */
  protected async runtime(deployment: Deployment): Promise<Runtime> {
    const { runtimeFor } = await import('../runtimes/index.js')
    return runtimeFor(deployment)
  }
}
