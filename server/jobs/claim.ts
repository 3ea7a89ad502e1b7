import type { ConcurrencyLimits, JobRecord, StartRate } from '../kernel/define-job.js'
import type { Database } from '../storage/database.js'
import type { JobRef } from './job-row.js'

/** A job this process holds until its lease ends, as its run needs it. */
export interface ClaimedJob extends JobRef {
  kind: string
  payload: unknown
  attempt: number
  maxAttempts: number
  /** Fencing token: only the holder of the newest settles the job. */
  fence: number
  parentId: string | null
  hasChildren: boolean
  uniqueKey: string | null
  /** When it could have begun. */
  readyAt: Date
  startedAt: Date
  requestId: string | null
  /** Whether somebody asked for its end while it waited. */
  isCancelled: boolean
}

/** Who claims, and for how long. */
export interface Claimant {
  worker: string
  leaseMs: number
}

type Row = ClaimedJob & { place: number } & Record<string, unknown>

/** In the order they are to begin, which an update does not keep. */
function inOrder(rows: Row[]): ClaimedJob[] {
  return rows.sort((a, b) => a.place - b.place)
}

/** The index of ready jobs, and no other, has this order; a row comparison keeps the planner from the primary key. */
const READY_ORDER = 'j.kind, j.tenant_id, j.lane, j.priority desc, j.run_at, j.id'

/** The first ready job of a kind, or the first after these columns of the index: one probe. */
function seek(kind: string, after: string): string {
  return `select j.kind, j.tenant_id, j.lane from worker_jobs j where j.kind = ${kind} and j.status = 'queued'
        ${after} order by ${READY_ORDER} limit 1`
}

/** The next tenant, or the next lane of the same one: only jobs made before their kind lost its limit by key have any. */
const NEXT = seek('l.kind', 'and (j.kind, j.tenant_id, j.lane) > (l.kind, l.tenant_id, l.lane)')

export const TAKEN = `
  update worker_jobs j set status = 'running', attempt = j.attempt + 1, fence = j.fence + 1, started_at = now(),
    worker = $1, lease_until = now() + make_interval(secs => $2::double precision / 1000)
  from mine m where j.tenant_id = m.tenant_id and j.id = m.id
  returning m.place::integer, j.tenant_id as "tenantId", j.id, j.kind, j.payload, j.attempt, j.max_attempts as "maxAttempts", j.fence,
    j.parent_id as "parentId", j.on_child_failure is not null as "hasChildren", j.unique_key as "uniqueKey",
    j.run_at as "readyAt", j.started_at as "startedAt", j.request_id as "requestId",
    j.cancel_requested_at is not null as "isCancelled"`

/** Kinds whose queue is not paused: asked in the statement itself, so that a pause holds from its commit on. */
const RUNNABLE = `
  runnable as materialized (select k.kind from unnest($3::text[], $4::text[]) k (kind, queue)
    where not exists (select 1 from job_queues q where q.name = k.queue and q.paused_at is not null))`

const BY_ID = `
  with ${RUNNABLE}, mine as materialized (
    select j.tenant_id, j.id, o.place from unnest($5::uuid[], $6::uuid[]) with ordinality o (tenant_id, id, place)
      join worker_jobs j on j.tenant_id = o.tenant_id and j.id = o.id
    where j.status = 'queued' and j.kind in (select kind from runnable)
    for update of j skip locked)
  ${TAKEN}`

/** Claims jobs this worker was told of, where they still wait. For kinds without limits only. */
export async function claimOffered(
  db: Database,
  { worker, leaseMs }: Claimant,
  kinds: readonly JobRecord[],
  offered: readonly JobRef[],
): Promise<ClaimedJob[]> {
  const rows = await db.readSystem<Row>({
    name: 'jobs-claim-offered',
    text: BY_ID,
    values: [
      ...[worker, leaseMs, kinds.map((kind) => kind.name), kinds.map((kind) => kind.queue)],
      ...[offered.map((job) => job.tenantId), offered.map((job) => job.id)],
    ],
  })
  return inOrder(rows)
}

/**
 * Tenants take turns: the first job of each before the second of any. The tenants with waiting jobs are found by a
 * loose index scan (one probe each) that begins after the tenant served last, so that 100,000 jobs of one cost
 * another's nothing. Within a tenant the highest priority comes first, then the one that is due longest.
 */
export const IN_TURN = `
  with recursive ${RUNNABLE},
  after_cursor as (
    select f.*, 1 as n from runnable r cross join lateral (
      ${seek('r.kind', 'and (j.kind, j.tenant_id) > (r.kind, $6::uuid)')}) f
    union all
    select f.*, l.n + 1 from after_cursor l cross join lateral (${NEXT}) f where l.n < $5),
  from_start as (
    select f.*, 1 as n from runnable r cross join lateral (${seek('r.kind', '')}) f
    where f.tenant_id <= $6
    union all
    select f.*, l.n + 1 from from_start l cross join lateral (${NEXT}) f where l.n < $5 and f.tenant_id <= $6),
  turns as (
    select tenant_id, min(pass) as pass from (
      select tenant_id, 0 as pass from after_cursor union all select tenant_id, 1 from from_start) t
    group by tenant_id order by pass, tenant_id limit $5),
  lanes as (
    select l.kind, l.tenant_id, l.lane, t.pass from (
      select kind, tenant_id, lane from after_cursor union select kind, tenant_id, lane from from_start) l
      join turns t on t.tenant_id = l.tenant_id),
  waiting as materialized (
    select c.*, l.pass from lanes l cross join lateral (
      select j.tenant_id, j.id, j.priority, j.run_at from worker_jobs j
      where j.kind = l.kind and j.tenant_id = l.tenant_id and j.lane = l.lane and j.status = 'queued'
      order by j.priority desc, j.run_at, j.id
      limit (select ceil($5::numeric / greatest(count(*), 1)) from turns) for update skip locked) c),
  mine as materialized (
    select tenant_id, id, row_number() over (order by turn, pass, tenant_id) as place from (
      select *, row_number() over (partition by tenant_id order by priority desc, run_at, id) as turn from waiting) w
    order by place limit $5)
  ${TAKEN}`

/** Claims up to `most` waiting jobs of kinds without limits, tenants in turn from the one after `cursor`. */
export async function claimInTurn(
  db: Database,
  { worker, leaseMs }: Claimant,
  kinds: readonly JobRecord[],
  { most, cursor }: { most: number; cursor: string },
): Promise<ClaimedJob[]> {
  const rows = await db.readSystem<Row>({
    name: 'jobs-claim-in-turn',
    text: IN_TURN,
    values: [
      ...[worker, leaseMs, kinds.map((kind) => kind.name), kinds.map((kind) => kind.queue)],
      ...[most, cursor],
    ],
  })
  return inOrder(rows)
}

/** Lanes (keys) with room that a claim looks at, shared by its tenants: among those of one the highest priority is first. */
const LANES_MAX = 200
/** Tenants or lanes a claim passes at most, those at their limit included. */
const STEPS_MAX = 10_000

/** The first ready job of the kind after these columns of the index: one probe. */
function first(columns: string, after: string, and = ''): string {
  return `select ${columns} from worker_jobs j where j.kind = $7 and j.status = 'queued' ${and}
          ${after} order by ${READY_ORDER} limit 1`
}

/**
 * As IN_TURN, for one kind with limits: tenants after the cursor and then from the first on, until there are as many
 * with room as are wanted; in each the lanes with room. What is full costs one probe and hides nobody.
 */
const LIMITED = `
  with recursive ${RUNNABLE},
  busy as materialized (
    select tenant_id, lane, count(*) as n from worker_jobs where kind = $7 and status = 'running' group by 1, 2),
  busy_tenants as materialized (select tenant_id, sum(n)::bigint as n from busy group by 1),
  room as materialized (select least($5::bigint, $8::bigint - (select coalesce(sum(n), 0)::bigint from busy)) as n),
  tenants as (
    select $6::uuid as tenant_id, 0 as pass, 0::bigint as room, 0 as found, 0 as step from runnable
    union all
    select f.tenant_id, f.pass, r.room, t.found + case when r.room > 0 then 1 else 0 end, t.step + 1
    from tenants t cross join lateral (
      (${first('j.tenant_id, t.pass', 'and (j.kind, j.tenant_id) > ($7, t.tenant_id)')})
      union all
      (${first('j.tenant_id, 1', '', 'and t.pass = 0')})
      limit 1) f
    cross join lateral (select least(
      $9::bigint - coalesce((select b.n from busy_tenants b where b.tenant_id = f.tenant_id), 0),
      coalesce((select a.starts from unnest($11::uuid[], $12::integer[]) a (tenant_id, starts)
        where a.tenant_id = f.tenant_id), $13::bigint)) as room) r
    where t.found < (select n from room) and t.step < ${STEPS_MAX} and (f.pass = 0 or f.tenant_id <= $6)),
  lanes_each as materialized (
    select greatest($5::bigint, ${LANES_MAX} / greatest(count(*), 1)) as n from tenants where room > 0),
  lanes as (
    select t.tenant_id, t.pass, t.room as tenant_room, l.lane, l.room as lane_room
    from tenants t cross join lateral (
      with recursive own as (
        select f.lane, r.room, case when r.room > 0 then 1 else 0 end as found, 1 as step
        from (${first('j.lane', '', 'and j.tenant_id = t.tenant_id')}) f cross join lateral (${roomOf('f.lane')}) r
        union all
        select f.lane, r.room, o.found + case when r.room > 0 then 1 else 0 end, o.step + 1
        from own o cross join lateral (
          ${first('j.lane', 'and (j.kind, j.tenant_id, j.lane) > ($7, t.tenant_id, o.lane)', 'and j.tenant_id = t.tenant_id')}) f
        cross join lateral (${roomOf('f.lane')}) r
        where o.found < (select n from lanes_each) and o.step < ${STEPS_MAX})
      select lane, room from own where room > 0) l
    where t.room > 0),
  waiting as (
    select c.*, l.pass, l.tenant_room from lanes l cross join lateral (
      select j.tenant_id, j.id, j.priority, j.run_at from worker_jobs j
      where j.kind = $7 and j.tenant_id = l.tenant_id and j.lane = l.lane and j.status = 'queued'
      order by j.priority desc, j.run_at, j.id
      limit greatest(0, least(l.lane_room, l.tenant_room, $5))) c),
  chosen as materialized (
    select tenant_id, id, row_number() over (order by turn, pass, tenant_id) as place from (
      select *, row_number() over (partition by tenant_id order by priority desc, run_at, id) as turn from waiting) w
    where turn <= tenant_room
    order by place limit (select greatest(0, n) from room)),
  mine as materialized (
    select j.tenant_id, j.id, c.place from chosen c join worker_jobs j on j.tenant_id = c.tenant_id and j.id = c.id
    where j.status = 'queued' for update of j skip locked)
  ${TAKEN}`

/** Jobs that may begin in a lane of tenant `t`. */
function roomOf(lane: string): string {
  return `select $10::bigint - coalesce((select b.n from busy b where b.tenant_id = t.tenant_id and b.lane = ${lane}), 0) as room`
}

/** What stands for "no limit" in the statement. */
const UNLIMITED = 1_000_000_000

/**
 * Claims up to `most` jobs of one kind within its limits, counted over all processes: claims of one kind wait for
 * each other, so that the count is exact. Answers also when its rate allows more, where that is what held it back.
 */
export function claimLimited(
  db: Database,
  { worker, leaseMs }: Claimant,
  kind: JobRecord,
  { most, cursor }: { most: number; cursor: string },
): Promise<{ jobs: ClaimedJob[]; openAgainMs: number | null }> {
  const { total, perTenant, perKey }: ConcurrencyLimits = kind.concurrency ?? {}
  return db.transaction({ role: 'system', tenantId: null }, async () => {
    await db.query({
      name: 'jobs-lock-kind',
      // A plan made anew each time would cost more than the claim.
      text: `select set_config('plan_cache_mode', 'force_generic_plan', true),
        pg_advisory_xact_lock(hashtextextended('job kind ' || $1, 0))`,
      values: [kind.name],
    })
    const rate = kind.rate ? await readRate(db, kind.name, kind.rate) : null
    const starts = rate?.installation ?? UNLIMITED
    if (starts <= 0) return { jobs: [], openAgainMs: rate?.endsInMs ?? null }
    const rows = await db.query<Row>({
      name: 'jobs-claim-limited',
      text: LIMITED,
      values: [
        ...[worker, leaseMs, [kind.name], [kind.queue], Math.min(most, starts), cursor, kind.name],
        ...[total ?? UNLIMITED, perTenant ?? UNLIMITED, perKey ?? UNLIMITED],
        ...[rate?.tenants ?? [], rate?.tenantStarts ?? [], rate?.tenantDefault ?? UNLIMITED],
      ],
    })
    const jobs = inOrder(rows)
    if (kind.rate && jobs.length > 0) await countStarts(db, kind.name, kind.rate, jobs)
    return { jobs, openAgainMs: rate && jobs.length < most ? rate.endsInMs : null }
  })
}

interface RateState {
  /** Starts left in the whole installation; null where tenants are counted by themselves. */
  installation: number | null
  /** Tenants that have used some of theirs, and what is left to each. */
  tenants: string[]
  tenantStarts: number[]
  /** Of a tenant that has used none. */
  tenantDefault: number
  endsInMs: number
}

const WINDOW = 'to_timestamp(floor(extract(epoch from now()) / $2::double precision) * $2::double precision)'
const ALL = '00000000-0000-0000-0000-000000000000'

async function readRate(db: Database, kind: string, rate: StartRate): Promise<RateState> {
  const rows = await db.query<{ for: string | null; starts: number | null; ends: number }>({
    name: 'jobs-read-rate',
    text: `select r.counted_for as for, r.starts,
        extract(epoch from w.start + make_interval(secs => $2::double precision) - now()) * 1000 as ends
      from (select ${WINDOW} as start) w
      left join job_rates r on r.kind = $1 and r.window_start = w.start`,
    values: [kind, rate.windowS],
  })
  const used = rows.filter((row) => row.for !== null)
  const left = used.map((row) => Math.max(0, rate.starts - (row.starts ?? 0)))
  return {
    installation: rate.per === 'installation' ? (left[0] ?? rate.starts) : null,
    tenants: rate.per === 'tenant' ? used.map((row) => row.for ?? ALL) : [],
    tenantStarts: rate.per === 'tenant' ? left : [],
    tenantDefault: rate.per === 'tenant' ? rate.starts : UNLIMITED,
    endsInMs: Math.max(1, Math.ceil(Number(rows[0]?.ends ?? 1_000))),
  }
}

async function countStarts(
  db: Database,
  kind: string,
  rate: StartRate,
  jobs: readonly ClaimedJob[],
): Promise<void> {
  const counts = new Map<string, number>()
  for (const { tenantId } of jobs) {
    const countedFor = rate.per === 'tenant' ? tenantId : ALL
    counts.set(countedFor, (counts.get(countedFor) ?? 0) + 1)
  }
  await db.execute({
    name: 'jobs-count-starts',
    text: `insert into job_rates as r (kind, counted_for, window_start, starts)
      select $1, c.counted_for, ${WINDOW}, c.starts from unnest($3::uuid[], $4::integer[]) c (counted_for, starts)
      on conflict (kind, counted_for) do update set
        starts = case when r.window_start = excluded.window_start then r.starts else 0 end + excluded.starts,
        window_start = excluded.window_start`,
    values: [kind, rate.windowS, [...counts.keys()], [...counts.values()]],
  })
}
