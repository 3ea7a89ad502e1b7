import type { Ctx } from '../kernel/context.js'
import type { Period } from '../kernel/define-job.js'
import { newId } from '../kernel/ids.js'
import { INSTALLATION } from './job-row.js'
import { nextFiring, type Timing } from './schedule-timing.js'

interface BuiltIn extends Timing, Record<string, unknown> {
  id: string
  kind: string
}

/** A kind of job and when it is to run by itself; undefined leaves it as it is. */
export interface PeriodOfKind {
  kind: string
  period: Period | undefined
}

/** The schedule of a periodic job, as it is now. */
export interface BuiltInSchedule {
  cron: string | null
  everyS: number | null
  timeZone: string
  /** Since when there is one. */
  createdAt: Date
  /** Null while it is paused. */
  nextAt: Date | null
}

/** The schedule of a kind; undefined where it does not run by itself. Needs a system transaction. */
export async function findBuiltIn(ctx: Ctx, kind: string): Promise<BuiltInSchedule | undefined> {
  const [found] = await ctx.db.query<BuiltInSchedule & Record<string, unknown>>({
    name: 'schedules-find-built-in',
    text: `select cron, every_s as "everyS", time_zone as "timeZone", created_at as "createdAt", next_at as "nextAt"
      from schedules where tenant_id = $1 and kind = $2`,
    values: [INSTALLATION, kind],
  })
  return found
}

/**
 * Makes the schedules of the installation those of its periodic jobs: new ones are added and first fire
 * after their period, changed ones take on the new rhythm, and those of jobs that are no more are removed. What has
 * not changed is left alone, so that a rhythm outlives any restart. `owns` says which kinds this server speaks for.
 */
export function syncBuiltIns(
  ctx: Ctx,
  periods: readonly PeriodOfKind[],
  owns: (kind: string) => boolean,
): Promise<void> {
  return ctx.system('schedules of the installation', async () => {
    const [clock] = await ctx.db.query<{ now: Date }>({
      text: "select now(), pg_advisory_xact_lock(hashtextextended('built-in schedules', 0))",
    })
    const now = clock?.now ?? ctx.now()
    const present = new Map((await readBuiltIns(ctx)).map((one) => [one.kind, one]))
    for (const { kind, period } of periods) {
      const known = present.get(kind)
      present.delete(kind)
      if (!period) continue
      const rhythm = rhythmOf(period)
      if (!known) await insert(ctx, kind, { ...rhythm, startsAt: null, endsAt: null, createdAt: now })
      else if (isOther(known, rhythm)) await change(ctx, { ...known, ...rhythm }, now)
    }
    const gone = [...present.values()].filter(({ kind }) => owns(kind))
    if (gone.length > 0) await remove(ctx, gone)
  })
}

type Rhythm = Pick<Timing, 'cron' | 'everyS' | 'timeZone'>

function rhythmOf(period: Period): Rhythm {
  if ('cron' in period) return { cron: period.cron, everyS: null, timeZone: period.timeZone ?? 'UTC' }
  return { cron: null, everyS: period.everySeconds, timeZone: 'UTC' }
}

function isOther(known: Rhythm, { cron, everyS, timeZone }: Rhythm): boolean {
  return known.cron !== cron || known.everyS !== everyS || known.timeZone !== timeZone
}

function readBuiltIns(ctx: Ctx): Promise<BuiltIn[]> {
  return ctx.db.query<BuiltIn>({
    text: `select id, kind, cron, every_s as "everyS", time_zone as "timeZone", starts_at as "startsAt",
        ends_at as "endsAt", created_at as "createdAt"
      from schedules where tenant_id = $1 for update`,
    values: [INSTALLATION],
  })
}

async function insert(ctx: Ctx, kind: string, timing: Timing): Promise<void> {
  await ctx.db.execute({
    text: `insert into schedules (tenant_id, id, name, kind, cron, every_s, time_zone, catch_up, overlap, next_at,
        created_by, created_at)
      values ($1, $2, $3, $3, $4, $5, $6, 'last', 'skip', $7, 'system:scheduler', $8)`,
    values: [
      ...[INSTALLATION, newId(), kind, timing.cron, timing.everyS, timing.timeZone],
      ...[nextFiring(timing, timing.createdAt), timing.createdAt],
    ],
  })
}

async function change(ctx: Ctx, { id, ...timing }: BuiltIn, now: Date): Promise<void> {
  await ctx.db.execute({
    text: `update schedules set cron = $3, every_s = $4, time_zone = $5,
        next_at = case when paused_at is null then $6::timestamptz end
      where tenant_id = $1 and id = $2`,
    values: [INSTALLATION, id, timing.cron, timing.everyS, timing.timeZone, nextFiring(timing, now)],
  })
}

async function remove(ctx: Ctx, gone: readonly BuiltIn[]): Promise<void> {
  await ctx.db.execute({
    text: 'delete from schedules where tenant_id = $1 and id = any($2::uuid[])',
    values: [INSTALLATION, gone.map(({ id }) => id)],
  })
}
