import * as Flags from '@oclif/core/flags'
import { BackupCommand } from '../../base/backup-command.js'
import { targetsFlag } from '../../base/backup-flags.js'
import type { PruneResult } from '../../operations/backup/protocol.js'
import { pruneView } from '../../views/backup-views.js'

export default class BackupPrune extends BackupCommand {
  static override summary = 'remove the backups that no rule keeps'
  static override description =
    'By the rules of vetrai.yml (backup.keep): so many of the newest, and the newest of so many days, weeks and months. Scheduled backups do the same when they are done. Objects that no backup names any more go too. The newest backup always stays. With --dry-run it only says what would go.'
  static override flags = {
    target: targetsFlag('target to look into, instead of all'),
    'dry-run': Flags.boolean({ description: 'say what would go, and remove nothing', env: 'VETRAI_DRY_RUN' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --target offsite --json',
  ]
  static override jsonDoc = {
    dry_run: 'true where nothing was removed',
    removed: {
      '[]': {
        id: 'id of a backup',
        target: 'its target',
        created_at: 'when it was made',
        bytes: 'bytes of its own',
      },
    },
    kept: {
      '[]': {
        ...{ id: 'id of a backup', target: 'its target', created_at: 'when it was made' },
        reasons: { '[]': 'rule that keeps it' },
      },
    },
    objects_removed: 'stored objects that no backup names any more',
    bytes_freed: 'bytes of all that went',
  }

  async run(): Promise<PruneResult> {
    const { flags } = await this.parse(BackupPrune)
    const { pruneBackups } = await import('../../operations/backup/backups.js')
    const request = { targets: flags.target ?? null, dry_run: flags['dry-run'] === true }
    return this.show(await pruneBackups(await this.backups(), request), pruneView)
  }
}
