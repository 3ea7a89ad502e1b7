import type { CatchUp, Timing } from '../../../jobs/schedule-timing.js'
import type { Ctx } from '../../../kernel/context.js'
import type { Position } from '../../../kernel/pagination.js'

/** What makes jobs of one kind at its times. */
export interface Schedule extends Timing {
  id: string
  tenantId: string
  name: string
  kind: string
  payload: Record<string, unknown>
  catchUp: CatchUp
  overlap: 'allow' | 'skip'
  pausedAt: Date | null
  /** Null while it is paused, and when it has come to its end. */
  nextAt: Date | null
  lastAt: Date | null
  lastJobId: string | null
  missed: number
  lastError: string | null
  createdBy: string
}

export type NewSchedule = Omit<Schedule, 'tenantId' | 'lastAt' | 'lastJobId' | 'missed' | 'lastError'>

export type ScheduleChanges = Partial<
  Pick<
    Schedule,
    | 'name'
    | 'payload'
    | 'cron'
    | 'everyS'
    | 'timeZone'
    | 'catchUp'
    | 'overlap'
    | 'startsAt'
    | 'endsAt'
    | 'pausedAt'
    | 'nextAt'
    | 'lastError'
  >
>

/** Which schedules a list shows. */
export interface ScheduleFilter {
  state?: 'active' | 'paused' | 'ended' | undefined
  kind?: string | undefined
  name?: string | undefined
}

type Row = Schedule & Record<string, unknown>

const COLUMNS = `id, tenant_id as "tenantId", name, kind, payload, cron, every_s as "everyS", time_zone as "timeZone",
  catch_up as "catchUp", overlap, paused_at as "pausedAt", starts_at as "startsAt", ends_at as "endsAt",
  next_at as "nextAt", last_at as "lastAt", last_job_id as "lastJobId", missed, last_error as "lastError",
  created_by as "createdBy", created_at as "createdAt"`

/** The schedule with this id in the tenant the transaction is bound to, or null. */
export async function findSchedule(ctx: Ctx, tenantId: string, scheduleId: string): Promise<Schedule | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'schedules-find',
    text: `select ${COLUMNS} from schedules where tenant_id = $1 and id = $2`,
    values: [tenantId, scheduleId],
  })
  return row ?? null
}

/** Like findSchedule, and keeps others from changing or firing it until the transaction ends. */
export async function lockSchedule(ctx: Ctx, tenantId: string, scheduleId: string): Promise<Schedule | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'schedules-lock',
    text: `select ${COLUMNS} from schedules where tenant_id = $1 and id = $2 for update`,
    values: [tenantId, scheduleId],
  })
  return row ?? null
}

/** Schedules of the tenant the transaction is bound to, newest first by (created_at, id). */
export function listSchedules(
  ctx: Ctx,
  tenantId: string,
  filter: ScheduleFilter,
  window: { after: Position | null; limit: number },
): Promise<Schedule[]> {
  return ctx.db.query<Row>({
    name: 'schedules-list',
    text: `select ${COLUMNS} from schedules where tenant_id = $1
      and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
      and ($4::text is null or kind = $4)
      and ($5::text is null or name = $5)
      and ($6::text is null or $6 = case when paused_at is not null then 'paused'
        when next_at is null then 'ended' else 'active' end)
      order by created_at desc, id desc limit $7`,
    values: [
      tenantId,
      window.after?.createdAt ?? null,
      window.after?.id ?? null,
      filter.kind ?? null,
      filter.name ?? null,
      filter.state ?? null,
      window.limit,
    ],
  })
}

/** Has others who make schedules in this tenant wait until the transaction ends; answers how many there are. */
export async function lockScheduleCount(ctx: Ctx): Promise<number> {
  await ctx.db.query({
    name: 'schedules-lock-count',
    text: "select pg_advisory_xact_lock(hashtextextended('schedules of ' || $1, 0))",
    values: [ctx.tenant.id],
  })
  const [row] = await ctx.db.query<{ count: number }>({
    name: 'schedules-count',
    text: 'select count(*) as count from schedules where tenant_id = $1',
    values: [ctx.tenant.id],
  })
  return row?.count ?? 0
}

/** Stores a new schedule; false where its name is taken. */
export async function insertSchedule(ctx: Ctx, schedule: NewSchedule): Promise<boolean> {
  const stored = await ctx.db.execute({
    name: 'schedules-insert',
    text: `insert into schedules (tenant_id, id, name, kind, payload, cron, every_s, time_zone, catch_up, overlap,
        paused_at, starts_at, ends_at, next_at, created_by, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
      on conflict (tenant_id, name) do nothing`,
    values: [
      ctx.tenant.id,
      schedule.id,
      schedule.name,
      schedule.kind,
      JSON.stringify(schedule.payload),
      schedule.cron,
      schedule.everyS,
      schedule.timeZone,
      schedule.catchUp,
      schedule.overlap,
      schedule.pausedAt,
      schedule.startsAt,
      schedule.endsAt,
      schedule.nextAt,
      schedule.createdBy,
      schedule.createdAt,
    ],
  })
  return stored > 0
}

const COLUMN_OF: Record<keyof ScheduleChanges, string> = {
  name: 'name',
  payload: 'payload',
  cron: 'cron',
  everyS: 'every_s',
  timeZone: 'time_zone',
  catchUp: 'catch_up',
  overlap: 'overlap',
  startsAt: 'starts_at',
  endsAt: 'ends_at',
  pausedAt: 'paused_at',
  nextAt: 'next_at',
  lastError: 'last_error',
}

/** Changes only the named columns. */
export async function updateSchedule(
  ctx: Ctx,
  tenantId: string,
  scheduleId: string,
  changes: ScheduleChanges,
): Promise<void> {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined) as [
    keyof ScheduleChanges,
    unknown,
  ][]
  if (named.length === 0) return
  const sets = named.map(([field], i) => `${COLUMN_OF[field]} = $${i + 3}`)
  const values = named.map(([field, value]) => (field === 'payload' ? JSON.stringify(value) : value))
  await ctx.db.execute({
    text: `update schedules set ${sets.join(', ')} where tenant_id = $1 and id = $2`,
    values: [tenantId, scheduleId, ...values],
  })
}

/** Whether another schedule of the tenant has this name. */
export async function isNameTaken(ctx: Ctx, name: string, scheduleId: string): Promise<boolean> {
  const rows = await ctx.db.query({
    name: 'schedules-name-taken',
    text: 'select 1 from schedules where tenant_id = $1 and name = $2 and id <> $3',
    values: [ctx.tenant.id, name, scheduleId],
  })
  return rows.length > 0
}

/** Removes a schedule; the jobs it made stay. */
export async function removeSchedule(ctx: Ctx, tenantId: string, scheduleId: string): Promise<void> {
  await ctx.db.execute({
    name: 'schedules-delete',
    text: 'delete from schedules where tenant_id = $1 and id = $2',
    values: [tenantId, scheduleId],
  })
}
