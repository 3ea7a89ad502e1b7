import { BackupCommand } from '../../base/backup-command.js'
import { backupDoc } from '../../base/backup-docs.js'
import { keyFilesOf, keyFlags, targetFlag } from '../../base/backup-flags.js'
import { requiredArg } from '../../base/flags.js'
import type { InfoResult } from '../../operations/backup/protocol.js'
import { backupView } from '../../views/backup-views.js'

export default class BackupInfo extends BackupCommand {
  static override summary = 'show what a backup holds'
  static override description =
    'When and by which version it was made, the tables and their rows, its sizes, and whether it was ever seen to be whole. Works while the deployment is stopped.'
  static override args = { backup: requiredArg('id of a backup, `latest`, or a downloaded file') }
  static override flags = { target: targetFlag('target to look into, instead of all'), ...keyFlags }
  static override examples = [
    '<%= config.bin %> <%= command.id %> latest',
    '<%= config.bin %> <%= command.id %> 20261126T031500Z-1a2b3c --target offsite',
    '<%= config.bin %> <%= command.id %> ./shop.tar --json',
  ]
  static override jsonDoc = {
    ...backupDoc,
    finished_at: 'when it was whole',
    deployment: { id: 'id of the deployment', name: 'its name', runtime: 'its runtime' },
    database: {
      server_version: 'version of PostgreSQL',
      schema_version: 'version of the schema',
      migrations: 'number of applied migrations',
      extensions: { '[]': { name: 'name of an extension', version: 'its version' } },
      tables: { '[]': { name: 'name of a table', rows: 'its rows', bytes: 'bytes stored for it' } },
    },
    object_bytes: 'bytes of the objects; null where they were left out',
    kit: 'whether configuration and secrets are in it, sealed',
  }

  async run(): Promise<InfoResult> {
    const { args, flags } = await this.parse(BackupInfo)
    const [{ readBackup }, { findSource }, { readKeys }] = await Promise.all([
      import('../../operations/backup/backups.js'),
      import('../../operations/backup/backup-source.js'),
      import('../../operations/backup/read-keys.js'),
    ])
    const keys = await readKeys(keyFilesOf(flags))
    const context = await this.backups()
    const found = await findSource(context, args.backup, flags.target)
    return this.show(await readBackup(context, found, keys), backupView)
  }
}
