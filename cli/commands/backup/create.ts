import * as Flags from '@oclif/core/flags'
import { BackupCommand } from '../../base/backup-command.js'
import { targetsFlag } from '../../base/backup-flags.js'
import { given } from '../../base/given.js'
import type { CreateResult } from '../../operations/backup/protocol.js'
import { createdBackupView } from '../../views/backup-views.js'

export default class BackupCreate extends BackupCommand {
  static override summary = 'make a backup'
  static override description =
    'Everything from one moment: each table of the database, the objects, vetrai.yml, lock.json and the secrets, sealed for the recovery key and for the key of this deployment. The server goes on meanwhile. Goes to every target of vetrai.yml unless some are named; it counts once all of it is there. Objects that an earlier backup has stored are not stored again.'
  static override flags = {
    target: targetsFlag('target that it goes to, instead of all'),
    'passphrase-file': Flags.file({
      description: 'file that holds a passphrase: sealed by that instead of for keys',
      env: 'VETRAI_PASSPHRASE_FILE',
      exists: true,
    }),
    objects: Flags.boolean({
      description: 'with the objects; leave them out with --no-objects',
      env: 'VETRAI_OBJECTS',
      default: true,
      allowNo: true,
    }),
    'throttle-mb-s': Flags.integer({
      description: 'most that is read, in MB a second',
      env: 'VETRAI_THROTTLE_MB_S',
      min: 1,
    }),
    jobs: Flags.integer({ description: 'tables read at the same time', env: 'VETRAI_JOBS', min: 1, max: 32 }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --target offsite --throttle-mb-s 20',
    '<%= config.bin %> <%= command.id %> --passphrase-file /root/passphrase --no-objects --json',
  ]
  static override jsonDoc = {
    id: 'id of the backup',
    created_at: 'when its snapshot was taken',
    targets: { '[]': 'target that holds it' },
    bytes: 'bytes stored in each of them',
    plain_bytes: 'the same before they were compressed',
    rows: 'rows of the database',
    tables: 'tables of the database',
    objects: 'number of objects',
    objects_new: 'objects that no earlier backup had stored',
    objects_new_bytes: 'their bytes as stored',
    duration_s: 'seconds that it took',
  }

  async run(): Promise<CreateResult> {
    const { flags } = await this.parse(BackupCreate)
    const [{ createBackup }, { readPassphrase }] = await Promise.all([
      import('../../operations/backup/backups.js'),
      import('../../operations/backup/read-keys.js'),
    ])
    const file = flags['passphrase-file']
    const request = {
      ...{ targets: flags.target ?? null, reason: 'manual' as const, objects: flags.objects },
      ...(file !== undefined && { passphrase: await readPassphrase(file) }),
      ...given({ throttle_mb_s: flags['throttle-mb-s'], jobs: flags.jobs }),
    }
    return this.show(await createBackup(await this.backups(), request), createdBackupView)
  }
}
