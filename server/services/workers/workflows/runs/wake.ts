import type { Ctx } from '../../../../kernel/context.js'
import { addEvent } from '../models/event.js'
import { lockRun, queueRun } from '../models/run.js'
import { keepAnswer, type StoredAnswer } from '../models/wait.js'
import { enqueueRun, type WaitRef } from './enqueue.js'
import { runNews } from './run-news.js'

/**
 * Answers a wait and has its run go on; false where it was answered before or is given up. Whoever executes the run
 * meanwhile looks for answers before it lets go, so that none is missed and no second execution begins.
 */
export async function answerWait(
  ctx: Ctx,
  ref: WaitRef,
  answer: StoredAnswer,
  by: string | null,
): Promise<boolean> {
  const run = await lockRun(ctx, ref.runId)
  if (!run || !(await keepAnswer(ctx, ref, answer, by))) return false
  if (run.status === 'waiting') {
    await addEvent(ctx, run.id, { type: 'run.resumed' })
    const { id } = await enqueueRun(ctx, run.id)
    await queueRun(ctx, run.id, id)
  }
  tellFollowers(ctx, run.id)
  return true
}

/** Topic: a run is over by somebody's doing; whoever executes it is to stop. */
export const RUN_STOPPED_TOPIC = 'workflows.run-stopped'

/** Tells who follows a run that there is something new, once it is committed. */
export function tellFollowers(ctx: Ctx, runId: string): void {
  ctx.afterCommit(() => ctx.state(runNews).tell(runId))
}
