import type { Ctx } from '../../../kernel/context.js'
import { tell } from '../jobs/tell.js'
import { type BackupRun, findLast, markTold, wasTold } from '../models/backup-run.js'

const DAY_MS = 86_400_000

/** Has the operator written to because of a run that failed or was missed, once a day for each way in which a kind fails. */
export async function tellOfFailure(ctx: Ctx, run: BackupRun): Promise<void> {
  const dayAgo = new Date(ctx.now().getTime() - DAY_MS)
  if (await wasTold(ctx, run.kind, dayAgo, run.errorCode)) return
  await markTold(ctx, run.id)
  const lastGood = await findLast(ctx, run.kind, ['succeeded'])
  await ctx.enqueue(
    tell,
    {
      message: run.outcome === 'missed' ? 'missed' : 'failed',
      kind: run.kind,
      at: (run.outcome === 'missed' ? run.startedAt : (run.finishedAt ?? run.startedAt)).toISOString(),
      reason: run.errorMessage ?? '',
      next: run.errorNext ?? '',
      last_good_at: lastGood?.finishedAt?.toISOString() ?? null,
    },
    { tenantId: null },
  )
}

/** Has the operator written to that a kind works again, where the last that was heard of it is that it does not. */
export async function tellOfRecovery(ctx: Ctx, run: BackupRun, before: BackupRun | undefined): Promise<void> {
  if (!(await wasTold(ctx, run.kind, before?.finishedAt ?? new Date(0)))) return
  await ctx.enqueue(
    tell,
    { message: 'recovered', kind: run.kind, at: (run.finishedAt ?? run.startedAt).toISOString() },
    { tenantId: null },
  )
}
