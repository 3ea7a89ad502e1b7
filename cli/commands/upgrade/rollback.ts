import * as Flags from '@oclif/core/flags'
import { confirmByName } from '../../base/confirm.js'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { confirmFlag } from '../../base/flags.js'
import type { RollbackReport } from '../../operations/upgrade/roll-back.js'
import { rollbackView } from '../../views/upgrade-views.js'

export default class UpgradeRollback extends DeploymentCommand {
  static override summary = 'go back to the version before the last upgrade'
  static override description =
    'Where that version runs on the schema as it is, it takes the place of the present one and no data changes. Else its own data is put back, which is there after `upgrade run --keep-old`; what was written since is lost, so it has to be confirmed.'
  static override flags = {
    confirm: confirmFlag('the name of the deployment'),
    'skip-backup': Flags.boolean({
      description: 'make no backup of what would be lost',
      env: 'VETRAI_SKIP_BACKUP',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --confirm production --json',
  ]
  static override jsonDoc = {
    changed: 'true',
    from: 'version that ran',
    to: 'version that runs now',
    since: 'when everybody could write to the version that ran',
    lost_writes:
      'changes to rows since then, which are not in the data now; null where there are some and nobody knows how many',
    backup: 'id of the backup that holds them; null where none was made',
  }

  async run(): Promise<RollbackReport> {
    const { flags } = await this.parse(UpgradeRollback)
    const [{ openUpgrade }, { consequenceOf, rollBack, rollbackCost }] = await Promise.all([
      import('../../operations/upgrade/open-upgrade.js'),
      import('../../operations/upgrade/roll-back.js'),
    ])
    const context = await openUpgrade(await this.deployment(), this.progress)
    const cost = await rollbackCost(context)
    if (cost.lost_writes !== 0) {
      const { name } = context.deployment
      await confirmByName({ name, consequence: consequenceOf(cost), given: flags.confirm })
    }
    const skipBackup = flags['skip-backup'] === true || cost.lost_writes === 0
    return this.show(await rollBack(context, { skipBackup }), rollbackView)
  }
}
