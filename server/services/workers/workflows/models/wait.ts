import type { Ctx } from '../../../../kernel/context.js'
import type { WaitKind } from '../nodes/step.js'

/** Something a step of a run waits for. */
export interface Wait {
  id: string
  runId: string
  step: string
  iteration: string
  kind: WaitKind
  status: 'pending' | 'answered' | 'done' | 'cancelled'
  dueAt: Date | null
  /** The job that answers it: when its time has come, or when the jobs below it are over. */
  jobId: string | null
  childRunId: string | null
  spec: Record<string, unknown>
  answer: StoredAnswer | null
  answeredBy: string | null
  createdAt: Date
}

/** An answer as it is kept: a value, nothing in time, or a failure. */
export type StoredAnswer = { value: unknown } | { due: true } | { code: string; message: string }

export type NewWait = Pick<
  Wait,
  'id' | 'runId' | 'step' | 'iteration' | 'kind' | 'dueAt' | 'jobId' | 'childRunId' | 'spec'
>

const COLUMNS = `
  id, run_id as "runId", step, iteration, kind, status, due_at as "dueAt", job_id as "jobId",
  child_run_id as "childRunId", spec, answer, answered_by as "answeredBy", created_at as "createdAt"`

type Row = Wait & Record<string, unknown>

export async function insertWait(ctx: Ctx, wait: NewWait): Promise<void> {
  await ctx.db.execute({
    name: 'workflows-insert-wait',
    text: `insert into workflow_waits (tenant_id, id, run_id, step, iteration, kind, status, due_at, job_id, child_run_id, spec)
      values ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9, $10)`,
    values: [
      ...[ctx.tenant.id, wait.id, wait.runId, wait.step, wait.iteration, wait.kind],
      ...[wait.dueAt, wait.jobId, wait.childRunId, JSON.stringify(wait.spec)],
    ],
  })
}

/** Waits of a run whose steps have not gone on yet. */
export async function openWaits(ctx: Ctx, runId: string): Promise<Wait[]> {
  return ctx.db.query<Row>({
    name: 'workflows-open-waits',
    text: `select ${COLUMNS} from workflow_waits where tenant_id = $1 and run_id = $2
      and status in ('pending', 'answered') order by id`,
    values: [ctx.tenant.id, runId],
  })
}

/** Keeps an answer; false where the wait has one already or is given up. The run must be locked. */
export async function keepAnswer(
  ctx: Ctx,
  { runId, waitId }: { runId: string; waitId: string },
  answer: StoredAnswer,
  by: string | null,
): Promise<boolean> {
  const kept = await ctx.db.execute({
    name: 'workflows-keep-answer',
    text: `update workflow_waits set status = 'answered', answer = $4, answered_by = $5, answered_at = now()
      where tenant_id = $1 and run_id = $2 and id = $3 and status = 'pending'`,
    values: [ctx.tenant.id, runId, waitId, JSON.stringify(answer), by],
  })
  return kept > 0
}

/** A wait of some tenant whose job ended without answering it. */
export interface StrayWait extends Record<string, unknown> {
  tenantId: string
  runId: string
  id: string
  jobStatus: string
}

/** Waits that nothing will answer any more: a look across tenants, for the sweep. Needs a system transaction. */
export async function findStrayWaits(ctx: Ctx, limit: number): Promise<StrayWait[]> {
  return ctx.db.query<StrayWait>({
    name: 'workflows-find-stray-waits',
    text: `select w.tenant_id as "tenantId", w.run_id as "runId", w.id, coalesce(j.status, 'gone') as "jobStatus"
      from workflow_runs r join workflow_waits w on w.tenant_id = r.tenant_id and w.run_id = r.id
        left join worker_jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
      where r.status in ('queued', 'running', 'waiting') and w.status = 'pending' and w.job_id is not null
        and coalesce(j.status, 'gone') in ('succeeded', 'failed', 'cancelled', 'gone')
      limit $1`,
    values: [limit],
  })
}
