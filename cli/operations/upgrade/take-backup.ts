import { CliError } from '../../deployment/errors.js'
import type { ProgressStep } from '../../runtimes/runtime.js'
import type { UpgradeContext } from './upgrade-context.js'

/** Makes a backup and verifies it, before something that could go wrong. */
export async function takeBackup(
  _context: UpgradeContext,
  _reason: 'before-upgrade' | 'before-restore',
  _step: ProgressStep,
): Promise<{ id: string }> {
  throw new CliError({
    code: 'backup_unavailable',
    message: 'This version makes no backups.',
    next: 'Make one otherwise, then: vetrai upgrade run --skip-backup',
  })
}
