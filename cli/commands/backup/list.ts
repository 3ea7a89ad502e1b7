import { BackupCommand } from '../../base/backup-command.js'
import { backupDoc, backupProblemDoc } from '../../base/backup-docs.js'
import { targetsFlag } from '../../base/backup-flags.js'
import type { ListResult } from '../../operations/backup/protocol.js'
import { backupsView } from '../../views/backup-views.js'

export default class BackupList extends BackupCommand {
  static override summary = 'list the backups, newest first'
  static override description =
    'Looks into every target of vetrai.yml, and tells what in them cannot be used, and which of them cannot be reached. Works while the deployment is stopped.'
  static override flags = { target: targetsFlag('target to look into, instead of all') }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --target offsite --json',
  ]
  static override jsonDoc = { backups: { '[]': backupDoc }, problems: { '[]': backupProblemDoc } }

  async run(): Promise<ListResult> {
    const { flags } = await this.parse(BackupList)
    const { listBackups } = await import('../../operations/backup/backups.js')
    return this.show(await listBackups(await this.backups(), flags.target ?? null), backupsView)
  }
}
