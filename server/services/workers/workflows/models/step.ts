import type { Ctx } from '../../../../kernel/context.js'
import type { Position } from '../../../../kernel/pagination.js'

/** One execution of a node, as it is shown. */
export interface WorkflowStep {
  id: string
  step: string
  iteration: string
  type: string
  status: 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled'
  attempts: number
  input: unknown
  output: unknown
  errorCode: string | null
  errorMessage: string | null
  tokens: number
  startedAt: Date
  finishedAt: Date | null
  createdAt: Date
}

type Row = WorkflowStep & Record<string, unknown>

const COLUMNS = `
  id, step, iteration, type, status, attempts, input, output, error_code as "errorCode",
  error_message as "errorMessage", tokens, started_at as "startedAt", finished_at as "finishedAt",
  created_at as "createdAt"`

export async function listSteps(
  ctx: Ctx,
  runId: string,
  window: { after: Position | null; limit: number },
): Promise<WorkflowStep[]> {
  return ctx.db.query<Row>({
    name: 'workflows-list-steps',
    text: `select ${COLUMNS} from workflow_steps where tenant_id = $1 and run_id = $2
        and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
      order by created_at desc, id desc limit $5`,
    values: [ctx.tenant.id, runId, window.after?.createdAt ?? null, window.after?.id ?? null, window.limit],
  })
}

/** Steps of a run that were begun and are not over. */
export async function openSteps(ctx: Ctx, runId: string): Promise<WorkflowStep[]> {
  return ctx.db.query<Row>({
    name: 'workflows-open-steps',
    text: `select ${COLUMNS} from workflow_steps where tenant_id = $1 and run_id = $2
      and status in ('running', 'waiting')`,
    values: [ctx.tenant.id, runId],
  })
}
