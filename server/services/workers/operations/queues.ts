import type { Ctx } from '../../../kernel/context.js'
import { workerErrors } from '../errors.js'
import { countUnsettled, listPauses, type QueueCount, type QueuePause, setPause } from '../models/queue.js'

/** Every queue with its kinds and what waits in it: of the caller's organisation, or of all for operators without one. */
export async function readQueues(ctx: Ctx) {
  const { tenant } = ctx.principal
  const isOperator = !tenant && ctx.may('workers.queues.manage').allowed
  if (!isOperator) ctx.authorize('workers.queues.read')
  const read = async () => ({
    counts: await countUnsettled(ctx, tenant?.id ?? null),
    pauses: await listPauses(ctx),
  })
  const { counts, pauses } = isOperator
    ? await ctx.system('operators see the jobs of all tenants', read)
    : await ctx.transaction(read)
  return { data: namesOf(ctx).map((name) => present(ctx, name, counts, pauses)) }
}

/** Keeps jobs of a queue from being begun until it is resumed; those that run go on. Safe to repeat. */
export async function pauseQueue(ctx: Ctx, name: string, reason: string | undefined) {
  await change(ctx, name, { by: `${ctx.principal.kind}:${ctx.principal.id}`, reason: reason ?? null })
  return readOne(ctx, name)
}

/** Lets jobs of a queue begin again. Safe to repeat. */
export async function resumeQueue(ctx: Ctx, name: string) {
  await change(ctx, name, null)
  const { jobs } = ctx.resources
  // Nobody was told of what waits; any hint has a worker look for more of the kind.
  ctx.afterCommit(() => {
    for (const kind of jobs.kinds.values()) if (kind.queue === name) jobs.wake(kind.name)
  })
  return readOne(ctx, name)
}

async function change(ctx: Ctx, name: string, pause: Parameters<typeof setPause>[2]): Promise<void> {
  if (!namesOf(ctx).includes(name)) throw new workerErrors.QueueNotFound()
  await setPause(ctx, name, pause)
  ctx.auditDetail = { queue: name, ...(pause?.reason ? { reason: pause.reason } : {}) }
}

async function readOne(ctx: Ctx, name: string) {
  return present(ctx, name, await countUnsettled(ctx, null), await listPauses(ctx))
}

function namesOf(ctx: Ctx): string[] {
  return [...new Set([...ctx.resources.jobs.kinds.values()].map(({ queue }) => queue))].sort()
}

function present(ctx: Ctx, name: string, counts: readonly QueueCount[], pauses: readonly QueuePause[]) {
  const pause = pauses.find((one) => one.name === name)
  const own = counts.filter(({ queue }) => queue === name)
  const count = (status: QueueCount['status']) => own.find((one) => one.status === status)?.count ?? 0
  const oldest = own.find(({ status }) => status === 'queued')?.oldest
  return {
    name,
    kinds: [...ctx.resources.jobs.kinds.values()]
      .filter(({ queue }) => queue === name)
      .map((kind) => kind.name)
      .sort(),
    paused: Boolean(pause?.pausedAt),
    paused_at: pause?.pausedAt?.toISOString() ?? null,
    pause_reason: pause?.pausedAt ? pause.reason : null,
    counts: {
      scheduled: count('scheduled'),
      queued: count('queued'),
      running: count('running'),
      waiting: count('waiting'),
    },
    oldest_waiting_s: oldest ? Math.max(0, (ctx.now().getTime() - oldest.getTime()) / 1000) : null,
  }
}
