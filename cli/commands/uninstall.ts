import * as Flags from '@oclif/core/flags'
import { confirmByName } from '../base/confirm.js'
import { DeploymentCommand } from '../base/deployment-command.js'
import { confirmFlag } from '../base/flags.js'
import type { RemoveResult } from '../operations/remove-deployment.js'
import { doneView } from '../views/done-view.js'

export default class Uninstall extends DeploymentCommand {
  static override summary = 'stop the deployment and remove it with all its data'
  static override description =
    'Removes the directory with database, secrets, files and logs, and what was made outside it; backups stay. It cannot be undone without one. Backups in backups/ stay, and so do files that VetrAI did not make; the recovery key opens the former. With --keep-data the data, the secrets and the configuration stay, and `up` serves them again.'
  static override flags = {
    confirm: confirmFlag('the name of the deployment'),
    'keep-data': Flags.boolean({
      description: 'keep data, secrets and configuration',
      env: 'VETRAI_KEEP_DATA',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --confirm my-deployment',
    '<%= config.bin %> <%= command.id %> --confirm my-deployment --dir /srv/vetrai --json',
  ]
  static override jsonDoc = {
    name: 'name of the deployment that was removed',
    dir: 'its directory',
    removed: 'true when nothing is left',
    data_kept: 'true when the data was kept',
    backups: 'folder of the backups, which stay; null where there are none',
    left: { '[]': 'what stays in the directory: backups, what was not VetrAI’s, and what was kept' },
  }

  async run(): Promise<RemoveResult> {
    const { flags } = await this.parse(Uninstall)
    const deployment = await this.deployment()
    await confirmByName({
      name: deployment.name,
      consequence: flags['keep-data']
        ? 'removes the deployment, not its data'
        : `removes ${deployment.dir} with all its data`,
      given: flags.confirm,
    })
    const { removeDeployment } = await import('../operations/remove-deployment.js')
    const result = await removeDeployment(deployment, await this.runtime(deployment), this.progress, {
      keepData: flags['keep-data'],
    })
    return this.show(
      result,
      doneView(({ left, data_kept, dir, backups }) => {
        const stays = backups === null ? '' : ` Its backups stay in ${backups}.`
        if (data_kept) return `Removed. The data stays; serve it again with: vetrai up --dir ${dir}`
        if (left.length === 0) return backups === null ? 'Removed; nothing is left.' : `Removed.${stays}`
        return `Removed.${stays} These were not VetrAI's and stay: ${left.join(', ')}`
      }),
    )
  }
}
