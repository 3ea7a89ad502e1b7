import * as Flags from '@oclif/core/flags'
import { DeploymentCommand } from '../../base/deployment-command.js'
import type { RecoveryKeyResult } from '../../operations/backup/recovery-key.js'
import { newRecoveryKeyView } from '../../views/backup-views.js'

export default class BackupRecoveryKey extends DeploymentCommand {
  static override summary = 'make a recovery key and print it, this once'
  static override description =
    'The key that opens the backups when this host is lost. `init` makes one; this is for deployments that have none, and with --replace for those whose key is lost or known to others. Only its recipient is kept, in vetrai.yml: the key itself cannot be shown again. Backups that were made before stay sealed for the one before. For a key of your own set its recipient, backup.recovery, with `vetrai config set`.'
  static override flags = {
    replace: Flags.boolean({
      description: 'make another one in place of the present one',
      env: 'VETRAI_REPLACE',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --replace --json',
  ]
  static override jsonDoc = {
    recovery_key: 'the key, given this once: keep it off this host',
    recipient: 'what backups are sealed for; it is kept in vetrai.yml',
    replaced: 'whether there was another one before',
  }

  async run(): Promise<RecoveryKeyResult> {
    const { flags } = await this.parse(BackupRecoveryKey)
    const { noteKeySeen, replaceRecoveryKey } = await import('../../operations/backup/recovery-key.js')
    const deployment = await this.deployment()
    const result = this.show(
      await replaceRecoveryKey(deployment, { replace: flags.replace === true }),
      newRecoveryKeyView,
    )
    await noteKeySeen(deployment)
    return result
  }
}
