import { CliError } from '../../deployment/errors.js'
import { createBackup, verifyBackup } from '../backup/backups.js'
import type { BackupReason } from '../backup/protocol.js'
import type { UpgradeContext } from './upgrade-context.js'

/**
 * Makes a backup and reads all of it back, before something that could go wrong. CliError where it cannot be made, or is not
 * whole.
 */
export async function takeBackup(context: UpgradeContext, reason: BackupReason): Promise<{ id: string }> {
  const { id } = await createBackup(context, { targets: null, reason, objects: true })
  const { ok, damaged } = await verifyBackup(context, { source: { id }, mounts: [] }, {})
  if (ok) return { id }
  throw new CliError({
    code: 'backup_damaged',
    message: `The backup ${id} was made, but is not whole: ${damaged.map(({ name, problem }) => `${name} (${problem})`).join(', ')}.`,
    next: 'Is the disk that it is on all right? See: vetrai backup targets',
  })
}
