import { isDeepStrictEqual } from 'node:util'
import { Cron } from 'croner'
import type { BackupConfig } from '../../deployment/backup-schema.js'
import type { Deployment } from '../../deployment/deployment.js'
import { writeRecoveryKit } from '../../deployment/recovery-folder.js'

/** When a deployment makes backups by itself. */
export interface BackupSchedule {
  /** Cron pattern; null for never. */
  schedule: string | null
  /** Cron pattern of drills; null for never. */
  drill: string | null
  time_zone: string
  next_at: string | null
  next_drill_at: string | null
  targets: string[]
  keep: BackupConfig['keep']
  /** Whether this run changed vetrai.yml: `up` makes it count. */
  changed: boolean
}

/** What is to be changed; null turns off. */
export interface ScheduleChange {
  schedule?: string | null
  drill?: string | null
  time_zone?: string
}

/** When backups are made, as vetrai.yml says it. */
export function readSchedule({ config }: Deployment, changed = false): BackupSchedule {
  const { schedule, drill, time_zone, targets, keep } = config.backup
  const next = (pattern: string | null) =>
    pattern === null ? null : (new Cron(pattern, { timezone: time_zone }).nextRun()?.toISOString() ?? null)
  return {
    ...{ schedule, drill, time_zone, next_at: next(schedule), next_drill_at: next(drill) },
    targets: targets.map(({ name }) => name),
    ...{ keep, changed },
  }
}

/** Changes when backups are made; all is valid together, or nothing is written. */
export async function changeSchedule(
  deployment: Deployment,
  change: ScheduleChange,
): Promise<BackupSchedule> {
  const before = structuredClone(deployment.config.backup)
  const settings = Object.entries(change).map(([name, value]) => [`backup.${name}`, value])
  await deployment.setMany(Object.fromEntries(settings))
  await writeRecoveryKit(deployment)
  return readSchedule(deployment, !isDeepStrictEqual(before, deployment.config.backup))
}
