import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import { upgradeReportDoc } from '../../base/upgrade-docs.js'
import { upgradeToFlag } from '../../base/upgrade-flags.js'
import { usageError } from '../../base/usage-error.js'
import {
  CONDITION_NOTATIONS,
  parseCondition,
  type RollbackCondition,
  USUAL_CONDITIONS,
} from '../../operations/upgrade/rollback-conditions.js'
import type { UpgradeReport } from '../../operations/upgrade/run-upgrade.js'
import { upgradeReportView } from '../../views/upgrade-views.js'

export default class UpgradeRun extends DeploymentCommand {
  static override summary = 'go to another version, or stay with this one where anything fails'
  static override description =
    'Brings everything here first, checks the way, the database and the disk, makes a backup and verifies it, migrates in a process of its own, starts the new server and tries it. Where the version before runs on the new schema it serves until the new one is ready, and no request is dropped; else the installation rests while a copy of the database is migrated, and the data as it was is kept until all is well. Where the image of PostgreSQL is of another major than the data (containers only), the database is copied into a new volume while the installation rests, compared, and the old volume is kept. Whatever fails is put back: the version before serves again with its data, and the error `upgrade_rolled_back` says why and where the backup is. What is cut short is settled by `upgrade resume`, the next run or `up`.'
  static override flags = {
    to: upgradeToFlag,
    'rollback-on': Flags.string({
      description: `what puts the version before back, separated by commas: ${CONDITION_NOTATIONS.join(', ')}, with any figures, quoted for the shell; that the server is not ready always does. The last two are of answers to requests, so of an upgrade in place only: by a copy none is answered before the new version is open to everybody, and from there going back would lose what they write`,
      env: 'VETRAI_ROLLBACK_ON',
      default: USUAL_CONDITIONS,
      helpValue: 'LIST',
    }),
    watch: Flags.integer({
      description:
        'seconds for which the answers of the new version are watched before it counts as good, in place; by a copy none are',
      env: 'VETRAI_WATCH',
      default: 20,
      min: 0,
      max: 3_600,
      helpValue: 'SECONDS',
    }),
    'ready-within': Flags.integer({
      description: 'seconds that the new server may take to be ready',
      env: 'VETRAI_READY_WITHIN',
      default: 30,
      min: 5,
      max: 3_600,
      helpValue: 'SECONDS',
    }),
    'keep-old': Flags.boolean({
      description: 'keep the data of the version before, so that `upgrade rollback` can go back to it',
      env: 'VETRAI_KEEP_OLD',
    }),
    'skip-backup': Flags.boolean({
      description: 'make no backup: there is one that was made otherwise',
      env: 'VETRAI_SKIP_BACKUP',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --to registry.example.com/vetrai/server:1.4.0 --watch 120',
    "<%= config.bin %> <%= command.id %> --watch 300 --rollback-on 'smoke,error-rate>1%,latency:p95>1500ms'",
    '<%= config.bin %> <%= command.id %> --keep-old --json',
  ]
  static override jsonDoc = upgradeReportDoc

  async run(): Promise<UpgradeReport> {
    const { flags } = await this.parse(UpgradeRun)
    const options = {
      to: flags.to,
      rollbackOn: conditionsOf(flags['rollback-on']),
      watchS: flags.watch,
      readyWithinS: flags['ready-within'],
      keepOld: flags['keep-old'] === true,
      skipBackup: flags['skip-backup'] === true,
    }
    const [{ openUpgrade }, { runUpgrade }] = await Promise.all([
      import('../../operations/upgrade/open-upgrade.js'),
      import('../../operations/upgrade/run-upgrade.js'),
    ])
    const context = await openUpgrade(await this.deployment(), this.progress)
    return this.show(await runUpgrade(context, options), upgradeReportView)
  }
}

function conditionsOf(text: string): RollbackCondition[] {
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((word) => {
      const known = parseCondition(word)
      if (known) return known
      throw usageError(
        `There is no condition "${word}".`,
        `Name some of: ${CONDITION_NOTATIONS.join(', ')} (times below 10 s)`,
      )
    })
}
