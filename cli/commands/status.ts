import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../base/deployment-command.js'
import { statusDoc } from '../base/docs.js'
import { EXIT } from '../base/exit-codes.js'
import { type DeploymentStatus, readStatus } from '../operations/read-status.js'
import { statusView } from '../views/status-view.js'

export default class Status extends DeploymentCommand {
  static override summary = 'show whether the deployment is ready, and each component'
  static override description =
    'Shows version, uptime, memory and the last error of each component, and the disk. Exits 0 when the deployment is ready and 3 when it is not.'
  static override flags = {
    measure: Flags.boolean({ description: 'also add up what the data occupies', env: 'VETRAI_MEASURE' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --measure --json',
  ]
  static override jsonDoc = {
    name: 'name of the deployment',
    ...statusDoc,
    maintenance: 'since when the deployment rests and what callers are told; null in normal times',
    dir: 'directory of the deployment',
    disk: {
      free_bytes: 'room left on the file system that holds it',
      total_bytes: 'size of that file system',
      used_bytes: 'what the data occupies; null without --measure, or where it cannot be read',
    },
  }

  async run(): Promise<DeploymentStatus> {
    const { flags } = await this.parse(Status)
    const deployment = await this.deployment()
    const status = await readStatus(deployment, await this.runtime(deployment), flags)
    if (!status.ready) process.exitCode = EXIT.notReady
    return this.show(status, statusView)
  }
}
