import type { Ctx } from '../kernel/context.js'
import type { JobRecord } from '../kernel/define-job.js'
import { newId } from '../kernel/ids.js'
import { INSTALLATION } from './job-row.js'
import { type KeyRule, takeKey } from './unique-key.js'

/** How one enqueued job differs from its kind. */
export interface EnqueueOptions {
  /** Not before; whichever of the two is given. */
  runAt?: Date
  delayMs?: number
  /** -100 to 100, higher first. */
  priority?: number
  attempts?: number
  /** Keeps a second job from being made; see KeyRule. */
  unique?: KeyRule
  /** The job's tenant; the caller's when left out, null for the installation. */
  tenantId?: string | null
  /** The schedule that fired. */
  scheduleId?: string
}

/** A job that was made, or the one that its unique key found. */
export interface EnqueuedJob {
  id: string
  isNew: boolean
}

/** Children that must be settled before their parent runs; all belong to the tenant of the root. */
export interface Flow<P> {
  job: JobRecord<P>
  payload: P
  options?: Omit<EnqueueOptions, 'unique'>
  children: readonly Flow<unknown>[]
  /** Whether one failed child fails the parent (default) or the parent runs and looks at it. */
  onChildFailure?: 'fail' | 'continue'
}

/** Jobs one statement inserts at most. */
const CHUNK = 1_000

/**
 * Stores jobs of one kind in the open transaction: they exist exactly if it commits, and are handed to workers
 * right after. Payloads are parsed; throws ZodError for a bad one. With `unique` at most one payload is taken.
 */
export async function enqueue<P>(
  ctx: Ctx,
  job: JobRecord<P>,
  payloads: readonly P[],
  options: EnqueueOptions = {},
): Promise<EnqueuedJob[]> {
  return ctx.db.join(ctx.scope, async () => {
    const rows = payloads.map((payload) => rowOf(job, payload))
    if (options.unique) {
      const [row] = rows
      if (!row || rows.length > 1) throw new TypeError('a unique key takes exactly one payload')
      const taken = await takeKey(ctx, job, row, options.unique, {
        tenantId: tenantOf(ctx, options),
        delayMs: options.delayMs ?? 0,
      })
      if (taken !== row.id) return [{ id: taken, isNew: false }]
    }
    await insertRows(ctx, job, rows, options, { parentId: null })
    return rows.map(({ id }) => ({ id, isNew: true }))
  })
}

/** Stores a parent and its children, which run first; answers the parent's id. */
export async function enqueueFlow<P>(ctx: Ctx, flow: Flow<P>): Promise<EnqueuedJob> {
  const tenantId = tenantOf(ctx, flow.options ?? {})
  return ctx.db.join(ctx.scope, () => insertFlow(ctx, flow, { tenantId, parentId: null }))
}

async function insertFlow<P>(
  ctx: Ctx,
  { job, payload, options, children, onChildFailure = 'fail' }: Flow<P>,
  { tenantId, parentId }: { tenantId: string; parentId: string | null },
): Promise<EnqueuedJob> {
  const row = rowOf(job, payload)
  const family = children.length > 0 ? { parentId, children: children.length, onChildFailure } : { parentId }
  await insertRows(ctx, job, [row], { ...options, tenantId }, family)
  for (const alike of inGroups(children)) {
    const [first] = alike
    if (!first || first.children.length > 0) {
      for (const child of alike) await insertFlow(ctx, child, { tenantId, parentId: row.id })
      continue
    }
    const rows = alike.map((child) => rowOf(child.job, child.payload))
    await insertRows(ctx, first.job, rows, { ...first.options, tenantId }, { parentId: row.id })
  }
  return { id: row.id, isNew: true }
}

/** Neighbours that one statement can insert: leaves of one kind and with the same options. Keeps their order. */
function inGroups(flows: readonly Flow<unknown>[]): Flow<unknown>[][] {
  const groups: Flow<unknown>[][] = []
  for (const flow of flows) {
    const group = groups.at(-1)
    if (group?.[0] && isAlike(group[0], flow)) group.push(flow)
    else groups.push([flow])
  }
  return groups
}

function isAlike(a: Flow<unknown>, b: Flow<unknown>): boolean {
  const haveNone = a.children.length === 0 && b.children.length === 0
  return haveNone && a.job === b.job && JSON.stringify(a.options) === JSON.stringify(b.options)
}

/** A payload on its way into the table. */
export interface NewRow {
  id: string
  payload: string
  lane: string
}

function rowOf<P>(job: JobRecord<P>, payload: P): NewRow {
  const parsed = job.payload.parse(payload)
  return { id: newId(), payload: JSON.stringify(parsed), lane: laneOf(job, parsed) }
}

/** What the limit by key counts by; jobs of kinds without one share a lane. */
export function laneOf<P>(job: JobRecord<P>, payload: P): string {
  return job.concurrency?.perKey === undefined ? '' : (job.keyOf?.(payload) ?? '')
}

function tenantOf(ctx: Ctx, { tenantId }: EnqueueOptions): string {
  const chosen = tenantId === undefined ? ctx.principalOrNull?.tenant?.id : tenantId
  return chosen ?? INSTALLATION
}

interface Family {
  parentId: string | null
  children?: number
  onChildFailure?: 'fail' | 'continue'
}

async function insertRows<P>(
  ctx: Ctx,
  job: JobRecord<P>,
  rows: readonly NewRow[],
  options: EnqueueOptions,
  family: Family,
): Promise<void> {
  const tenantId = tenantOf(ctx, options)
  const principal = ctx.principalOrNull
  for (let at = 0; at < rows.length; at += CHUNK) {
    const chunk = rows.slice(at, at + CHUNK)
    await ctx.db.execute({
      name: 'jobs-insert',
      text: INSERT,
      values: [
        tenantId,
        job.queue,
        job.name,
        options.attempts ?? job.attempts,
        options.priority ?? job.priority,
        options.runAt ?? null,
        options.delayMs ?? 0,
        family.parentId,
        family.children ?? 0,
        family.onChildFailure ?? null,
        options.unique?.key ?? null,
        options.scheduleId ?? null,
        principal ? `${principal.kind}:${principal.id}` : 'anonymous',
        ctx.requestId,
        chunk.map((row) => row.id),
        chunk.map((row) => row.payload),
        chunk.map((row) => row.lane),
      ],
    })
    if ((family.children ?? 0) > 0) continue
    const refs = chunk.map(({ id }) => ({ tenantId, id }))
    ctx.afterCommit(() => ctx.resources.jobs.offer(job.name, refs, dueAt(options)))
  }
}

function dueAt({ runAt, delayMs }: EnqueueOptions): Date | null {
  if (runAt) return runAt
  return delayMs ? new Date(Date.now() + delayMs) : null
}

/** Whether a job is due is asked of the database's clock, which all processes share. */
const INSERT = `
  insert into worker_jobs (tenant_id, id, queue, kind, payload, status, priority, run_at, lane, max_attempts,
    parent_id, pending_children, on_child_failure, unique_key, schedule_id, created_by, request_id)
  select $1, n.id, $2, $3, n.payload,
    case when $9 > 0 then 'waiting' when t.at > now() then 'scheduled' else 'queued' end,
    $5, t.at, n.lane, $4, $8, $9, $10, $11, $12, $13, $14
  from unnest($15::uuid[], $16::jsonb[], $17::text[]) n (id, payload, lane),
    (select coalesce($6::timestamptz, now() + make_interval(secs => $7::double precision / 1000)) as at) t`
