import type { PlannedRestore, RestoreResult } from '../operations/restore/restore.js'
import { fields } from './fields.js'
import { bytes, count, duration, localTime } from './format.js'
import type { View } from './view.js'

/** What a restore would do. */
export const plannedRestoreView: View<PlannedRestore & { pending_migrations: string[] }> = (plan, paint) => {
  const { backup, pending_migrations: pending } = plan
  const what = plan.creates
    ? `A new deployment "${plan.name}" (${plan.runtime}) would be made in ${plan.dir}.`
    : `The data of "${plan.name}" in ${plan.dir} would give way, after a backup of it.`
  return [
    `${paint.green('✓')} ${backup.id} is whole and can be restored by this version.`,
    '',
    fields(
      [
        ['from', plan.from],
        ['made', `${localTime(backup.created_at)} by VetrAI ${backup.version}`],
        [
          'holds',
          `${count(backup.rows, 'row')}, ${backup.objects ?? 0} objects, ${bytes(backup.plain_bytes)}`,
        ],
        ['then', pending.length === 0 ? 'nothing to migrate' : count(pending.length, 'migration')],
      ],
      paint,
    ),
    '',
    `${what} Nothing was changed.`,
  ].join('\n')
}

/** What a restore did. */
export const restoredView: View<RestoreResult> = (result, paint) => {
  const back =
    result.safety_backup === null
      ? []
      : [
          '',
          paint.dim(`What was there before is in the backup ${result.safety_backup}. To go back to it:`),
          paint.dim(`vetrai restore ${result.safety_backup} --confirm ${result.name}`),
        ]
  return [
    `${paint.green('✓')} ${result.backup.id} is restored, and ${result.maintenance ? 'rests: open it with `vetrai maintenance off`' : 'served'}.`,
    '',
    fields(
      [
        ['url', paint.bold(result.url)],
        ['data of', localTime(result.backup.created_at)],
        ['rows', String(result.rows)],
        ['directory', result.dir],
        ['took', duration(result.duration_s)],
        ...(result.kept_database === null
          ? []
          : [['kept', `database ${result.kept_database}`] as [string, string]]),
      ],
      paint,
    ),
    ...back,
  ].join('\n')
}
