import * as Flags from '@oclif/core/flags'
import { BackupCommand } from '../../base/backup-command.js'
import { keyFilesOf, keyFlags } from '../../base/backup-flags.js'
import { requiredArg } from '../../base/flags.js'
import type { CopyResult } from '../../operations/backup/protocol.js'
import { copiedBackupView } from '../../views/backup-views.js'

export default class BackupCopy extends BackupCommand {
  static override summary = 'bring a backup from one target to another'
  static override description =
    'In the same bytes, each held against its hash on the way; objects that the other target has already are not sent again. A backup that was sealed by a passphrase needs it for its list of objects. It counts there once all of it is there. Works while the deployment is stopped.'
  static override args = { backup: requiredArg('id of a backup, or `latest`') }
  static override flags = {
    from: Flags.string({
      description: 'target that holds it',
      env: 'VETRAI_FROM',
      helpValue: 'NAME',
      required: true,
    }),
    to: Flags.string({
      description: 'target that it goes to',
      env: 'VETRAI_TO',
      helpValue: 'NAME',
      required: true,
    }),
    ...keyFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> latest --from local --to offsite',
    '<%= config.bin %> <%= command.id %> 20261126T031500Z-1a2b3c --from offsite --to local --json',
  ]
  static override jsonDoc = {
    id: 'id of the backup',
    from: 'target that it was read from',
    to: 'target that holds it too now',
    bytes: 'bytes that were written',
    objects: 'objects of the backup',
    files_copied: 'files that the other target lacked: its own, and objects',
    duration_s: 'seconds that it took',
  }

  async run(): Promise<CopyResult> {
    const { args, flags } = await this.parse(BackupCopy)
    const [{ copyBackup }, { findId }, { readKeys }] = await Promise.all([
      import('../../operations/backup/backups.js'),
      import('../../operations/backup/backup-source.js'),
      import('../../operations/backup/read-keys.js'),
    ])
    const keys = await readKeys(keyFilesOf(flags))
    const context = await this.backups()
    const { from, to } = flags
    const id = await findId(context, args.backup, from)
    return this.show(await copyBackup(context, { id, from, to, ...keys }), copiedBackupView)
  }
}
