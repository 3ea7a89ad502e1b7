import { BackupCommand } from '../../base/backup-command.js'
import { keyFilesOf, keyFlags, targetFlag } from '../../base/backup-flags.js'
import { EXIT } from '../../base/exit-codes.js'
import { requiredArg } from '../../base/flags.js'
import type { VerifyResult } from '../../operations/backup/protocol.js'
import { verifiedBackupView } from '../../views/backup-verdict-views.js'

export default class BackupVerify extends BackupCommand {
  static override summary = 'check that every byte of a backup is as it was written'
  static override description =
    'Reads all of it, objects included, and holds it against the hashes of its manifest; with a key that fits, that of this deployment or one that is given, it is opened too. Exits 1 when anything is missing or another. `vetrai backup drill` goes further and restores it. Works while the deployment is stopped.'
  static override args = { backup: requiredArg('id of a backup, `latest`, or a downloaded file') }
  static override flags = { target: targetFlag('target to read it from, instead of the first'), ...keyFlags }
  static override examples = [
    '<%= config.bin %> <%= command.id %> latest',
    '<%= config.bin %> <%= command.id %> 20261126T031500Z-1a2b3c --target offsite',
    '<%= config.bin %> <%= command.id %> ./shop.tar --identity-file /root/recovery-key --json',
  ]
  static override jsonDoc = {
    id: 'id of the backup',
    target: 'target that it was read from; null for a file',
    ok: 'false when anything is missing or another',
    parts: 'files of its own that were read',
    objects: 'objects that were read',
    bytes: 'bytes that were read',
    opened: 'whether a key opened it',
    damaged: { '[]': { name: 'a file that is missing or another', problem: 'what is wrong with it' } },
    duration_s: 'seconds that it took',
  }

  async run(): Promise<VerifyResult> {
    const { args, flags } = await this.parse(BackupVerify)
    const [{ verifyBackup }, { findSource }, { readKeys }] = await Promise.all([
      import('../../operations/backup/backups.js'),
      import('../../operations/backup/backup-source.js'),
      import('../../operations/backup/read-keys.js'),
    ])
    const keys = await readKeys(keyFilesOf(flags))
    const context = await this.backups()
    const found = await findSource(context, args.backup, flags.target)
    const result = await verifyBackup(context, found, keys)
    if (!result.ok) process.exitCode = EXIT.failed
    return this.show(result, verifiedBackupView)
  }
}
