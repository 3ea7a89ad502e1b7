import { BackupCommand } from '../../base/backup-command.js'
import { keyFilesOf, keyFlags, targetFlag } from '../../base/backup-flags.js'
import { EXIT } from '../../base/exit-codes.js'
import { optionalArg } from '../../base/flags.js'
import { given } from '../../base/given.js'
import type { DrillResult } from '../../operations/backup/protocol.js'
import { drillView } from '../../views/backup-verdict-views.js'

export default class BackupDrill extends BackupCommand {
  static override summary = 'restore a backup to a database of its own, to see that it can be'
  static override description =
    'Compares the rows and a checksum of each table with what was backed up, starts a server on the restored database and reads from it, tells how long a recovery takes, and removes it all again. Nothing that the deployment serves is touched; the disk needs room for a second database meanwhile. Exits 1 when anything is not as it should be.'
  static override args = { backup: optionalArg('id of a backup; the newest without it') }
  static override flags = {
    target: targetFlag('target to restore it from, instead of the first'),
    ...keyFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261126T031500Z-1a2b3c --target offsite --json',
  ]
  static override jsonDoc = {
    id: 'id of the backup',
    target: 'target that it was restored from',
    ok: 'false when anything is not as it should be',
    tables: 'tables that were compared',
    rows: 'rows that were compared',
    mismatches: { '[]': { table: 'a table that is another than in the backup', problem: 'how' } },
    checks: {
      '[]': {
        name: 'what was read from a server on it',
        ok: 'whether it was as it should be',
        detail: 'what it was',
      },
    },
    recovery_s: 'seconds until a server answered from it: what a recovery takes',
    duration_s: 'seconds that all of it took',
  }

  async run(): Promise<DrillResult> {
    const { args, flags } = await this.parse(BackupDrill)
    const [{ drillBackup }, { findId, NEWEST }, { readKeys }] = await Promise.all([
      import('../../operations/backup/backups.js'),
      import('../../operations/backup/backup-source.js'),
      import('../../operations/backup/read-keys.js'),
    ])
    const keys = await readKeys(keyFilesOf(flags))
    const context = await this.backups()
    const { backup = NEWEST } = args
    const id = backup === NEWEST ? null : await findId(context, backup, flags.target)
    const result = await drillBackup(context, { id, ...given({ target: flags.target }), ...keys })
    if (!result.ok) process.exitCode = EXIT.failed
    return this.show(result, drillView)
  }
}
