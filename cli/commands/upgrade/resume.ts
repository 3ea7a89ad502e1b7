import { DeploymentCommand } from '../../base/deployment-command.js'
import type { SettledUpgrade } from '../../operations/upgrade/resume-upgrade.js'
import { settledUpgradeView } from '../../views/upgrade-views.js'

export default class UpgradeResume extends DeploymentCommand {
  static override summary = 'settle an upgrade that was cut short'
  static override description =
    'After a power cut, or a command that was ended: where the new version was open to everybody already, what is left is finished; else the version before is put back with its data. `up` does the same by itself.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --dir /srv/vetrai --json',
  ]
  static override jsonDoc = {
    outcome: 'finished or rolled-back',
    id: 'id of the upgrade',
    from: 'version before it',
    to: 'version it was to bring',
    step: 'step in which it was cut short, or that had failed',
    reason: 'why it was put back; null where it was finished',
    backup: 'id of the backup made before; null where none was made',
  }

  async run(): Promise<SettledUpgrade> {
    await this.parse(UpgradeResume)
    const [{ openUpgrade }, { resumeUpgrade }] = await Promise.all([
      import('../../operations/upgrade/open-upgrade.js'),
      import('../../operations/upgrade/resume-upgrade.js'),
    ])
    const context = await openUpgrade(await this.deployment(), this.progress)
    return this.show(await resumeUpgrade(context), settledUpgradeView)
  }
}
