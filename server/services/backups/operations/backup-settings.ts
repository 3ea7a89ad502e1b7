import { type RecoverySettings, readRecoverySettings } from '../../../backup/recovery-settings.js'
import type { Config } from '../../../config/config.js'
import type { Period } from '../../../kernel/define-job.js'

/** What the operator has set of backups; undefined where this server makes none. Throws where it cannot be read. */
export async function backupSettings({
  BACKUP_RECOVERY_PATH: folder,
}: Pick<Config, 'BACKUP_RECOVERY_PATH'>): Promise<RecoverySettings | undefined> {
  return folder === undefined ? undefined : readRecoverySettings(folder)
}

/** When backups or drills happen by themselves, from the operator's settings. */
export function periodOf(which: 'schedule' | 'drill'): (config: Config) => Promise<Period | undefined> {
  return async (config) => {
    const settings = await backupSettings(config)
    const cron = settings?.[which]
    return settings && cron ? { cron, timeZone: settings.time_zone } : undefined
  }
}
