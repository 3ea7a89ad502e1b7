import { findBuiltIn } from '../../../jobs/built-in-schedules.js'
import { backgroundContext } from '../../../kernel/context.js'
import type { Resources } from '../../../kernel/resources.js'
import type { BackupFigures } from '../../../observability/metrics.js'
import { findLast } from '../models/backup-run.js'
import { findBaseBackups } from '../models/base-backup.js'
import { backupSettings } from './backup-settings.js'
import { dueBy } from './due-by.js'
import { CREATE, DRILL } from './kinds.js'

/** How backups fare, in figures; of rows, so that every process and every start tells the same. */
export async function measureBackups(resources: Resources): Promise<BackupFigures> {
  const ctx = backgroundContext(resources, 'metrics')
  const archives = (await backupSettings(resources.config).catch(() => undefined))?.wal === true
  return ctx.system('backups of the installation', async () => {
    const good = await findLast(ctx, 'create', ['succeeded'])
    const bad = await findLast(ctx, 'create', ['failed', 'missed'])
    const proven = await findLast(ctx, 'drill', ['succeeded'])
    // A restored database may tell of an archive that another deployment has.
    const base = archives ? await findBaseBackups(ctx) : undefined
    const due = async (kind: string, last: Date | null | undefined) => {
      const schedule = await findBuiltIn(ctx, kind)
      return schedule ? seconds(dueBy(schedule, last ?? undefined)) : null
    }
    return {
      lastSuccess: seconds(good?.finishedAt),
      lastDuration: good?.durationMs == null ? null : good.durationMs / 1_000,
      lastBytes: good?.bytes ?? null,
      lastFailure: seconds(bad?.finishedAt),
      due: await due(CREATE, good?.finishedAt),
      lastVerifiedRestore: seconds(proven?.finishedAt),
      drillDuration: proven?.durationMs == null ? null : proven.durationMs / 1_000,
      restoreDue: await due(DRILL, proven?.finishedAt),
      lastBaseSuccess: base?.succeededAt ?? null,
      lastBaseFailure: base?.failedAt ?? null,
    }
  })
}

function seconds(at: Date | null | undefined): number | null {
  return at ? at.getTime() / 1_000 : null
}
