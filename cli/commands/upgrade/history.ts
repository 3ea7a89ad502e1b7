import { DeploymentCommand } from '../../base/deployment-command.js'
import type { UpgradeRun } from '../../operations/upgrade/history.js'
import { upgradeHistoryView } from '../../views/upgrade-views.js'

export default class UpgradeHistory extends DeploymentCommand {
  static override summary = 'list the upgrades of this deployment'
  static override description = 'Oldest first, from its journal: what came of each, and why.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    data: {
      '[]': {
        at: 'when it began',
        from: 'version before; null where it got no further than looking',
        to: 'version it was to bring',
        outcome: 'done, rolled-back, refused or interrupted',
        resumed: 'true where it settled one that was cut short before',
        asked: 'true where an upgrade was taken back on demand',
        step: 'step that failed, else the last one',
        reason: 'code of what failed; null where nothing did',
        duration_s: 'seconds it took; null where it was cut short',
        kept_volume:
          'volume with the data before a move to another PostgreSQL major, which `docker volume rm` removes; null where none was kept',
      },
    },
  }

  async run(): Promise<{ data: UpgradeRun[] }> {
    await this.parse(UpgradeHistory)
    const { upgradeHistory } = await import('../../operations/upgrade/history.js')
    return this.show({ data: await upgradeHistory(await this.deployment()) }, upgradeHistoryView)
  }
}
