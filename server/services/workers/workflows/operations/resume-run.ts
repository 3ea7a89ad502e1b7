import type { Ctx } from '../../../../kernel/context.js'
import { workflowErrors } from '../errors.js'
import { type DeclaredSchema, fitTo } from '../graph/json-schema.js'
import { openWaits, type Wait } from '../models/wait.js'
import { dropJob } from '../runs/drop-job.js'
import { answerWait } from '../runs/wake.js'
import type { ResumeInput } from '../schemas.js'
import { actorOf } from './actor.js'
import { holdVisibleRun } from './read-runs.js'

/** Answers what a run asks of people; it goes on with the answer, and with who gave it. Each question takes one. */
export async function resumeRun(
  ctx: Ctx,
  runId: string,
  { wait_id: waitId, answer }: ResumeInput,
): Promise<void> {
  await holdVisibleRun(ctx, runId)
  const wait = chosen(await openWaits(ctx, runId), waitId)
  const { schema, approvers } = wait.spec as { schema: DeclaredSchema; approvers: string[] | null }
  const { principal } = ctx
  if (approvers && !(principal.kind === 'user' && approvers.includes(principal.id)))
    throw new workflowErrors.NotApprover()
  const fitted = fitTo(schema, answer)
  if ('misfits' in fitted) throw new workflowErrors.AnswerRefused({ misfits: fitted.misfits })
  const isFirst = await answerWait(ctx, { runId, waitId: wait.id }, { value: fitted.value }, actorOf(ctx))
  if (!isFirst) throw new workflowErrors.NothingToAnswer()
  // What would have ended the wait without an answer is no longer needed.
  if (wait.jobId) await dropJob(ctx, wait.jobId)
  ctx.auditDetail = { step: wait.step, wait_id: wait.id }
}

function chosen(waits: readonly Wait[], waitId: string | undefined): Wait {
  const asked = waits.filter(({ kind, status }) => kind === 'approval' && status === 'pending')
  const fitting = waitId === undefined ? asked : asked.filter(({ id }) => id === waitId)
  const [wait] = fitting
  if (!wait) throw new workflowErrors.NothingToAnswer()
  if (fitting.length > 1) throw new workflowErrors.AnswerAmbiguous()
  return wait
}
