import { resolve } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { BackupCommand } from '../../base/backup-command.js'
import { keyFilesOf, keyFlags, targetFlag } from '../../base/backup-flags.js'
import { requiredArg } from '../../base/flags.js'
import { given } from '../../base/given.js'
import type { DownloadedBackup } from '../../operations/backup/download-backup.js'
import { downloadedBackupView } from '../../views/backup-views.js'

export default class BackupDownload extends BackupCommand {
  static override summary = 'write a backup into one file'
  static override description =
    'With all of its objects, sealed as it is: a file to carry away, which `vetrai backup verify` and `vetrai restore` take like any backup. It is readable by its owner only, and is there whole or not at all. Works while the deployment is stopped.'
  static override args = { backup: requiredArg('id of a backup, or `latest`') }
  static override flags = {
    output: Flags.string({
      char: 'o',
      description: 'file to write; it must not exist',
      env: 'VETRAI_OUTPUT',
      helpValue: 'FILE',
      required: true,
    }),
    target: targetFlag('target to read it from, instead of the first'),
    ...keyFlags,
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> latest --output /mnt/usb/shop.tar',
    '<%= config.bin %> <%= command.id %> 20261126T031500Z-1a2b3c --target offsite --output shop.tar --json',
  ]
  static override jsonDoc = {
    id: 'id of the backup',
    file: 'the file',
    size_bytes: 'its length',
  }

  async run(): Promise<DownloadedBackup> {
    const { args, flags } = await this.parse(BackupDownload)
    const [{ downloadBackup }, { findId }, { readKeys }] = await Promise.all([
      import('../../operations/backup/download-backup.js'),
      import('../../operations/backup/backup-source.js'),
      import('../../operations/backup/read-keys.js'),
    ])
    const keys = await readKeys(keyFilesOf(flags))
    const context = await this.backups()
    const id = await findId(context, args.backup, flags.target)
    const request = { id, ...given({ target: flags.target }), ...keys }
    return this.show(await downloadBackup(context, request, resolve(flags.output)), downloadedBackupView)
  }
}
