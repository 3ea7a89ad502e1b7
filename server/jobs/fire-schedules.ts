import type { Ctx } from '../kernel/context.js'
import type { JobRecord } from '../kernel/define-job.js'
import type { Database } from '../storage/database.js'
import type { EnqueueOptions } from './enqueue.js'
import { CATCH_UP_MAX, type CatchUp, type Plan, planFirings, type Timing } from './schedule-timing.js'

/** Schedules fired in one transaction. */
const BATCH = 20
/** Firings later than this keep their own time as the job's; others are due now, by the clock that jobs go by. */
const LATE_MS = 1_000
const ERROR_MAX = 500

/** A schedule whose time has come. */
interface DueSchedule extends Timing, Record<string, unknown> {
  tenantId: string
  id: string
  name: string
  kind: string
  payload: unknown
  catchUp: CatchUp
  overlap: 'allow' | 'skip'
  nextAt: Date
  now: Date
}

/** What firing a schedule came to. */
interface Fired {
  next: Date | null
  lastAt: Date | null
  lastJobId: string | null
  made: number
  missed: number
  error: string | null
}

/** Schedules of known kinds, of the installation and of tenants that are not shut out. */
const FIREABLE = `s.next_at is not null and s.kind = any($1::text[])
  and not exists (select 1 from tenants t where t.id = s.tenant_id and t.status <> 'active')`

/** Milliseconds until the next schedule of these kinds is due, by the database's clock; null where there is none. */
export async function msUntilDue(db: Database, kinds: readonly string[]): Promise<number | null> {
  const [row] = await db.readSystem<{ ms: number }>({
    name: 'schedules-until-due',
    text: `select extract(epoch from s.next_at - now())::double precision * 1000 as ms
      from schedules s where ${FIREABLE} order by s.next_at limit 1`,
    values: [kinds],
  })
  return row ? row.ms : null
}

/**
 * Fires schedules that are due, the longest due first; answers how many it looked after. Their jobs and their next
 * times are kept together or not at all, and a schedule that another scheduler is at is left to it: each firing
 * happens exactly once, however many schedulers there are and whenever one of them dies.
 */
export function fireDue(ctx: Ctx, kinds: ReadonlyMap<string, JobRecord>): Promise<number> {
  return ctx.system('schedules of all tenants', async () => {
    const due = await ctx.db.query<DueSchedule>({
      name: 'schedules-claim-due',
      text: `select s.tenant_id as "tenantId", s.id, s.name, s.kind, s.payload, s.cron, s.every_s as "everyS",
          s.time_zone as "timeZone", s.catch_up as "catchUp", s.overlap, s.starts_at as "startsAt",
          s.ends_at as "endsAt", s.created_at as "createdAt", s.next_at as "nextAt", now() as now
        from schedules s where ${FIREABLE} and s.next_at <= now()
        order by s.next_at limit $2 for update of s skip locked`,
      values: [[...kinds.keys()], BATCH],
    })
    const fired: Fired[] = []
    for (const schedule of due) fired.push(await fire(ctx, schedule, kinds.get(schedule.kind)))
    if (due.length > 0) await store(ctx, due, fired)
    return due.length
  })
}

async function fire(ctx: Ctx, schedule: DueSchedule, job: JobRecord | undefined): Promise<Fired> {
  const { plan, error } = planOf(schedule, job)
  const fired: Fired = { next: plan.next, lastAt: null, lastJobId: null, made: 0, missed: 0, error }
  for (const at of job && !error ? plan.due : []) {
    const made = await ctx.enqueue(job as JobRecord, schedule.payload, optionsFor(schedule, at))
    if (made.isNew) Object.assign(fired, { lastAt: at, lastJobId: made.id, made: fired.made + 1 })
  }
  fired.missed = plan.leftOut + plan.due.length - fired.made
  if (plan.leftOut > 0 || error) tell(ctx, schedule, plan, error)
  return fired
}

/** A schedule that cannot be fired is not tried again and again: it goes on to its next time, or stops. */
function planOf(schedule: DueSchedule, job: JobRecord | undefined): { plan: Plan; error: string | null } {
  try {
    const plan = planFirings(schedule, schedule.now)
    const checked = job?.payload.safeParse(schedule.payload)
    if (checked?.success === false) {
      const [issue] = checked.error.issues
      const place = ['payload', ...(issue?.path ?? [])].join('.')
      return { plan, error: `${place} is not accepted any more: ${issue?.message}`.slice(0, ERROR_MAX) }
    }
    return { plan, error: null }
  } catch (thrown) {
    const words = `It has no next time: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    return { plan: { due: [], leftOut: 1, next: null }, error: words.slice(0, ERROR_MAX) }
  }
}

function optionsFor(schedule: DueSchedule, at: Date): EnqueueOptions {
  const { tenantId, id, now } = schedule
  const isLate = now.getTime() - at.getTime() > LATE_MS
  return { tenantId, scheduleId: id, ...(isLate ? { runAt: at } : {}), ...overlapRule(schedule) }
}

/** Keeps a schedule that skips overlaps from having two jobs that are not settled, whoever makes them. */
export function overlapRule({
  id,
  overlap,
}: Pick<DueSchedule, 'id' | 'overlap'>): Pick<EnqueueOptions, 'unique'> {
  return overlap === 'skip' ? { unique: { key: `schedule:${id}`, mode: 'until-settled' } } : {}
}

function tell(ctx: Ctx, schedule: DueSchedule, plan: Plan, error: string | null): void {
  const { tenantId, id, kind, catchUp, nextAt } = schedule
  ctx.log.warn(
    {
      ...{ tenant: tenantId, schedule: id, kind, catchUp, since: nextAt.toISOString() },
      ...{ made: error ? 0 : plan.due.length, leftOut: plan.leftOut, mostMadeUpFor: CATCH_UP_MAX, error },
    },
    'firings of a schedule were left out',
  )
}

async function store(ctx: Ctx, due: readonly DueSchedule[], fired: readonly Fired[]): Promise<void> {
  await ctx.db.execute({
    name: 'schedules-store-fired',
    text: `update schedules s set next_at = f.next_at, last_at = coalesce(f.last_at, s.last_at),
        last_job_id = coalesce(f.last_job_id, s.last_job_id), missed = s.missed + f.missed, last_error = f.error
      from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::uuid[], $6::integer[], $7::text[])
        f (tenant_id, id, next_at, last_at, last_job_id, missed, error)
      where s.tenant_id = f.tenant_id and s.id = f.id`,
    values: [
      due.map((one) => one.tenantId),
      due.map((one) => one.id),
      fired.map((one) => one.next),
      fired.map((one) => one.lastAt),
      fired.map((one) => one.lastJobId),
      fired.map((one) => one.missed),
      fired.map((one) => one.error),
    ],
  })
  ctx.afterCommit(() => {
    const { scheduleFirings } = ctx.resources.metrics
    scheduleFirings.inc({ outcome: 'made' }, sum(fired.map((one) => one.made)))
    scheduleFirings.inc({ outcome: 'left_out' }, sum(fired.map((one) => one.missed)))
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
