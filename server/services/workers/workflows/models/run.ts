import type { Ctx } from '../../../../kernel/context.js'
import type { Position } from '../../../../kernel/pagination.js'
import type { Database } from '../../../../storage/database.js'
import type { Guard } from './progress.js'

export const RUN_STATUSES = ['queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

/** Statuses that a run leaves by itself or by somebody's doing. */
const OPEN = "('queued', 'running', 'waiting')"

/** A run of a published version of a workflow. */
export interface WorkflowRun {
  id: string
  templateId: string
  templateName: string
  version: number
  status: RunStatus
  input: Record<string, unknown>
  output: unknown
  errorCode: string | null
  errorMessage: string | null
  errorStep: string | null
  jobId: string | null
  eventCount: number
  stepsUsed: number
  tokensUsed: number
  bytesUsed: number
  depth: number
  parentRunId: string | null
  parentWaitId: string | null
  replayOf: string | null
  replayedCheckpoint: string | null
  createdBy: string
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
  deadlineAt: Date
}

/** A run about to be stored. */
export type NewRun = Pick<
  WorkflowRun,
  | 'id'
  | 'templateId'
  | 'templateName'
  | 'version'
  | 'input'
  | 'depth'
  | 'parentRunId'
  | 'parentWaitId'
  | 'replayOf'
  | 'replayedCheckpoint'
  | 'createdBy'
> & { jobId: string; timeoutS: number }

/** How a run ended. */
export type RunEnd =
  | { status: 'succeeded'; output: unknown }
  | { status: 'failed'; code: string; message: string; step: string | null }

const COLUMNS = `
  id, template_id as "templateId", template_name as "templateName", version, status, input, output,
  error_code as "errorCode", error_message as "errorMessage", error_step as "errorStep", job_id as "jobId",
  event_count as "eventCount", steps_used as "stepsUsed", tokens_used as "tokensUsed", bytes_used as "bytesUsed",
  depth, parent_run_id as "parentRunId", parent_wait_id as "parentWaitId", replay_of as "replayOf",
  replayed_checkpoint as "replayedCheckpoint", created_by as "createdBy", created_at as "createdAt",
  started_at as "startedAt", finished_at as "finishedAt", deadline_at as "deadlineAt"`

type Row = WorkflowRun & Record<string, unknown>

export async function insertRun(ctx: Ctx, run: NewRun): Promise<void> {
  await ctx.db.execute({
    name: 'workflows-insert-run',
    text: `with made as (
        insert into workflow_runs (tenant_id, id, template_id, template_name, version, status, input, job_id, depth,
          parent_run_id, parent_wait_id, replay_of, replayed_checkpoint, created_by, deadline_at, event_count)
        values ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, $9, $10, $11, $12, $13, now() + make_interval(secs => $14), 1))
      insert into workflow_events (tenant_id, run_id, sequence, type, data) values ($1, $2, 1, 'run.queued', '{}')`,
    values: [
      ...[ctx.tenant.id, run.id, run.templateId, run.templateName, run.version, JSON.stringify(run.input)],
      ...[run.jobId, run.depth, run.parentRunId, run.parentWaitId, run.replayOf, run.replayedCheckpoint],
      ...[run.createdBy, run.timeoutS],
    ],
  })
}

export async function findRun(ctx: Ctx, runId: string): Promise<WorkflowRun | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'workflows-find-run',
    text: `select ${COLUMNS} from workflow_runs where tenant_id = $1 and id = $2`,
    values: [ctx.tenant.id, runId],
  })
  return row ?? null
}

/** Like findRun, and nobody else changes the run or its waits until the transaction ends. */
export async function lockRun(ctx: Ctx, runId: string): Promise<WorkflowRun | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'workflows-lock-run',
    text: `select ${COLUMNS} from workflow_runs where tenant_id = $1 and id = $2 for update`,
    values: [ctx.tenant.id, runId],
  })
  return row ?? null
}

/** The run that this job is in charge of, if there is one. */
export async function findRunOfJob(ctx: Ctx, jobId: string): Promise<string | null> {
  const [row] = await ctx.db.query<{ id: string }>({
    name: 'workflows-run-of-job',
    text: 'select id from workflow_runs where tenant_id = $1 and job_id = $2',
    values: [ctx.tenant.id, jobId],
  })
  return row?.id ?? null
}

/** Which runs a list shows. */
export interface RunFilter {
  templateId?: string | undefined
  status?: RunStatus | undefined
  parentRunId?: string | undefined
}

export async function listRuns(
  ctx: Ctx,
  filter: RunFilter,
  window: { after: Position | null; limit: number },
): Promise<WorkflowRun[]> {
  return ctx.db.query<Row>({
    name: 'workflows-list-runs',
    text: `select ${COLUMNS} from workflow_runs where tenant_id = $1
        and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
        and ($4::uuid is null or template_id = $4)
        and ($5::text is null or status = $5)
        and ($6::uuid is null or parent_run_id = $6)
      order by created_at desc, id desc limit $7`,
    values: [
      ...[ctx.tenant.id, window.after?.createdAt ?? null, window.after?.id ?? null],
      ...[filter.templateId ?? null, filter.status ?? null, filter.parentRunId ?? null, window.limit],
    ],
  })
}

/** Runs of all tenants that are under way, for metrics. */
export function countOpenRuns(db: Database): Promise<{ status: RunStatus; count: number }[]> {
  return db.readSystem<{ status: RunStatus; count: number }>({
    name: 'workflows-count-by-status',
    text: `select status, count(*) as count from workflow_runs where status in ${OPEN} group by 1`,
  })
}

/** Whether runs of a template are under way. */
export async function hasOpenRunsOf(ctx: Ctx, templateId: string): Promise<boolean> {
  const rows = await ctx.db.query({
    name: 'workflows-open-of-template',
    text: `select 1 from workflow_runs where tenant_id = $1 and template_id = $2 and status in ${OPEN} limit 1`,
    values: [ctx.tenant.id, templateId],
  })
  return rows.length > 0
}

/**
 * Puts an execution in charge of the run: whoever had it before writes nothing more. Null where its job is not the
 * run's any longer, a newer execution of the job was faster, or the run is over.
 */
export async function takeRun(ctx: Ctx, { runId, jobId, fence }: Guard): Promise<WorkflowRun | null> {
  const [row] = await ctx.db.query<Row>({
    name: 'workflows-take-run',
    text: `update workflow_runs set status = 'running', fence = $4, started_at = coalesce(started_at, now())
      where tenant_id = $1 and id = $2 and job_id = $3 and fence < $4 and status in ('queued', 'running')
      returning ${COLUMNS}`,
    values: [ctx.tenant.id, runId, jobId, fence],
  })
  return row ?? null
}

/** Whether an execution is in charge of the run; it stays so until the transaction ends. */
export async function holdRun(ctx: Ctx, { runId, jobId, fence }: Guard): Promise<boolean> {
  const rows = await ctx.db.query({
    name: 'workflows-hold-run',
    text: `select 1 from workflow_runs where tenant_id = $1 and id = $2 and job_id = $3 and fence = $4
      and status = 'running' for update`,
    values: [ctx.tenant.id, runId, jobId, fence],
  })
  return rows.length > 0
}

/** Puts a run to rest until a wait is answered. The run must be held or locked. */
export async function restRun(ctx: Ctx, runId: string): Promise<void> {
  await ctx.db.execute({
    name: 'workflows-rest-run',
    text: `update workflow_runs set status = 'waiting', job_id = null, fence = 0 where tenant_id = $1 and id = $2`,
    values: [ctx.tenant.id, runId],
  })
}

/** Has a new job go on with a run. The run must be held or locked. */
export async function queueRun(ctx: Ctx, runId: string, jobId: string): Promise<void> {
  await ctx.db.execute({
    name: 'workflows-queue-run',
    text: `update workflow_runs set status = 'queued', job_id = $3, fence = 0 where tenant_id = $1 and id = $2`,
    values: [ctx.tenant.id, runId, jobId],
  })
}

/** Ends a run that is under way; null where it is over already. */
export async function endRun(
  ctx: Ctx,
  runId: string,
  end: RunEnd | { status: 'cancelled' },
): Promise<WorkflowRun | null> {
  const failure = end.status === 'failed' ? end : null
  const [row] = await ctx.db.query<Row>({
    name: 'workflows-end-run',
    text: `with ended as (
        update workflow_runs set status = $3, output = $4, error_code = $5, error_message = $6, error_step = $7,
          finished_at = now(), fence = fence + 1, event_count = event_count + 1
        where tenant_id = $1 and id = $2 and status in ${OPEN} returning ${COLUMNS}),
      last as (
        insert into workflow_events (tenant_id, run_id, sequence, type, step, data)
        select $1, $2, "eventCount", $8, "errorStep", $9::json from ended)
      select * from ended`,
    values: [
      ...[ctx.tenant.id, runId, end.status, end.status === 'succeeded' ? JSON.stringify(end.output) : null],
      ...[failure?.code ?? null, failure?.message ?? null, failure?.step ?? null, `run.${end.status}`],
      JSON.stringify(failure ? { code: failure.code, message: failure.message } : {}),
    ],
  })
  return row ?? null
}

/** What a run that ends leaves behind undone: its steps and waits are cancelled; answers what it waited for. */
export async function dropOpenWork(
  ctx: Ctx,
  runId: string,
): Promise<{ jobId: string | null; childRunId: string | null }[]> {
  await ctx.db.execute({
    name: 'workflows-drop-steps',
    text: `update workflow_steps set status = 'cancelled', finished_at = now()
      where tenant_id = $1 and run_id = $2 and status in ('running', 'waiting')`,
    values: [ctx.tenant.id, runId],
  })
  return ctx.db.query({
    name: 'workflows-drop-waits',
    text: `update workflow_waits set status = 'cancelled' where tenant_id = $1 and run_id = $2
      and status in ('pending', 'answered') returning job_id as "jobId", child_run_id as "childRunId"`,
    values: [ctx.tenant.id, runId],
  })
}

/** A run of some tenant that needs looking after. */
export interface StrayRun extends Record<string, unknown> {
  tenantId: string
  id: string
  isLate: boolean
  jobStatus: string | null
}

/** Runs whose time is over or whose job is: a look across tenants, for the sweep. Needs a system transaction. */
export async function findStrayRuns(ctx: Ctx, limit: number): Promise<StrayRun[]> {
  return ctx.db.query<StrayRun>({
    name: 'workflows-find-stray',
    text: `select r.tenant_id as "tenantId", r.id, r.deadline_at <= now() as "isLate", j.status as "jobStatus"
      from workflow_runs r left join worker_jobs j on j.tenant_id = r.tenant_id and j.id = r.job_id
      where r.status in ${OPEN} and (r.deadline_at <= now()
        or (r.status <> 'waiting' and coalesce(j.status, 'gone') in ('succeeded', 'failed', 'cancelled', 'gone')))
      order by r.deadline_at limit $1`,
    values: [limit],
  })
}

/** Removes runs that ended long ago, with all that belongs to them. Needs a system transaction. */
export async function removeOldRuns(ctx: Ctx, days: number, limit: number): Promise<number> {
  const runs = await ctx.db.query<{ tenantId: string; id: string }>({
    name: 'workflows-find-old',
    text: `select tenant_id as "tenantId", id from workflow_runs
      where finished_at < now() - make_interval(days => $1) order by finished_at limit $2`,
    values: [days, limit],
  })
  const keys = [runs.map((run) => run.tenantId), runs.map((run) => run.id)]
  for (const table of OF_RUNS) {
    const column = table === 'workflow_runs' ? 'id' : 'run_id'
    await ctx.db.execute({
      name: `workflows-remove-${table}`,
      text: `delete from ${table} t using unnest($1::uuid[], $2::uuid[]) r (tenant_id, id)
        where t.tenant_id = r.tenant_id and t.${column} = r.id`,
      values: keys,
    })
  }
  return runs.length
}

const OF_RUNS = [
  'workflow_checkpoint_writes',
  'workflow_checkpoint_values',
  'workflow_checkpoints',
  'workflow_events',
  'workflow_waits',
  'workflow_steps',
  'workflow_runs',
]
