import { BackupCommand } from '../../base/backup-command.js'
import { EXIT } from '../../base/exit-codes.js'
import type { CheckTargetResult } from '../../operations/backup/protocol.js'
import { targetsView } from '../../views/backup-views.js'

export default class BackupTargets extends BackupCommand {
  static override summary = 'check the places that backups go to'
  static override description =
    'Reaches each target of vetrai.yml, writes to it and takes that away again, and tells what room and which backups it has. Exits 1 when one cannot be used. Works while the deployment is stopped.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override jsonDoc = {
    targets: {
      '[]': {
        name: 'name of the target',
        place: 'its folder or bucket',
        reachable: 'whether it can be read',
        writable: 'whether it can be written',
        free_bytes: 'room that it has; null where nobody can tell',
        backups: 'backups in it',
        newest: 'its newest backup: id, created_at and bytes; null where it has none',
        problem: 'what is wrong: code, message and next; null where nothing is',
      },
    },
  }

  async run(): Promise<CheckTargetResult> {
    await this.parse(BackupTargets)
    const { checkTargets } = await import('../../operations/backup/backups.js')
    const result = await checkTargets(await this.backups(), null)
    if (result.targets.some(({ writable }) => !writable)) process.exitCode = EXIT.failed
    return this.show(result, targetsView)
  }
}
