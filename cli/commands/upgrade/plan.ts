import { DeploymentCommand } from '../../base/deployment-command.js'
import { upgradePlanDoc } from '../../base/upgrade-docs.js'
import { upgradeToFlag } from '../../base/upgrade-flags.js'
import type { UpgradePlan } from '../../operations/upgrade/plan-upgrade.js'
import { upgradePlanView } from '../../views/upgrade-views.js'

export default class UpgradePlanCommand extends DeploymentCommand {
  static override summary = 'say what an upgrade would do, and whether it may'
  static override description =
    'Reads what the new version says of itself, asks the database and the disks, and changes nothing. The new version is what vetrai.yml and this command line bring, or the image named by --to. Where PostgreSQL would be of another major, it says what moving the database takes. A way that skips a version that may not be skipped, a PostgreSQL that the version does not run on or a disk without room is told as `problem`.'
  static override flags = { to: upgradeToFlag }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --to registry.example.com/vetrai/server:1.4.0 --json',
  ]
  static override jsonDoc = upgradePlanDoc

  async run(): Promise<UpgradePlan> {
    const { flags } = await this.parse(UpgradePlanCommand)
    const [{ openUpgrade }, { planUpgrade }] = await Promise.all([
      import('../../operations/upgrade/open-upgrade.js'),
      import('../../operations/upgrade/plan-upgrade.js'),
    ])
    const context = await openUpgrade(await this.deployment(), this.progress)
    return this.show(await planUpgrade(context, flags.to), upgradePlanView)
  }
}
