import type { z } from 'zod'
import { type BuiltInSchedule, findBuiltIn } from '../../../jobs/built-in-schedules.js'
import type { Ctx } from '../../../kernel/context.js'
import { type BackupRun, findLast, listRuns } from '../models/backup-run.js'
import { presentRun } from '../present.js'
import type { backupStatusView } from '../schemas.js'
import { backupSettings } from './backup-settings.js'
import { dueBy } from './due-by.js'
import { CREATE, DRILL } from './kinds.js'

const RUNNING_MAX = 10

/** How backups fare: when they happen, what became of the last ones. Needs a system transaction. */
export async function readStatus(ctx: Ctx): Promise<z.input<typeof backupStatusView>> {
  const settings = await backupSettings(ctx.config).catch(() => undefined)
  const good = await findLast(ctx, 'create', ['succeeded'])
  const bad = await findLast(ctx, 'create', ['failed', 'missed'])
  const proven = await findLast(ctx, 'drill', ['succeeded'])
  const running = await listRuns(ctx, { outcome: 'running' }, { after: null, limit: RUNNING_MAX })
  return {
    configured: settings !== undefined,
    targets: settings?.targets.map(({ name }) => name) ?? [],
    schedule: rhythmOf(await findBuiltIn(ctx, CREATE), good),
    drill: rhythmOf(await findBuiltIn(ctx, DRILL), proven),
    running: running.map(presentRun),
    last_success: good ? presentRun(good) : null,
    last_failure: bad ? presentRun(bad) : null,
    last_verified_restore: proven ? presentRun(proven) : null,
  }
}

function rhythmOf(schedule: BuiltInSchedule | undefined, good: BackupRun | undefined) {
  if (!schedule?.cron) return null
  return {
    cron: schedule.cron,
    time_zone: schedule.timeZone,
    next_at: schedule.nextAt?.toISOString() ?? null,
    due_by: dueBy(schedule, good?.finishedAt ?? undefined)?.toISOString() ?? null,
  }
}
