import { z } from 'zod'
import type { Ctx } from '../../../kernel/context.js'
import { defineJob } from '../../../kernel/define-job.js'
import { id } from '../../../kernel/schema.js'
import { CHANNELS } from '../channel.js'
import type { Delivery, NewDelivery } from '../models/delivery.js'
import { deliver } from '../operations/deliver.js'

/** Runs before what can wait. */
const CRITICAL_PRIORITY = 20

/** Brings one delivery on its way. */
export const deliverJob = defineJob({
  name: 'notifications.deliver',
  payload: z.strictObject({ deliveryId: id('delivery'), channel: z.enum(CHANNELS) }),
  attempts: 10,
  timeoutMs: 60_000,
  safeToRepeat: 'the delivery names the one job that may try it, and says whether it went out',
  run: (ctx, payload, job) => deliver(ctx, payload, job, enqueueDelivery),
})

/** Gives a delivery a job that is due now; answers its id, which the delivery must name. */
export async function enqueueDelivery(ctx: Ctx, { id: deliveryId, channel }: Delivery): Promise<string> {
  return (await ctx.enqueue(deliverJob, { deliveryId, channel })).id
}

/** Gives each new delivery that goes out by a job its job, in few statements, and has it name it. */
export async function enqueueDeliveries(
  ctx: Ctx,
  deliveries: readonly NewDelivery[],
  isCritical: boolean,
): Promise<void> {
  const byTime = new Map<number | null, NewDelivery[]>()
  for (const delivery of deliveries) {
    const { status, runAt } = delivery
    if (status !== 'pending' && !(runAt && (status === 'scheduled' || status === 'waiting'))) continue
    const time = runAt?.getTime() ?? null
    byTime.set(time, [...(byTime.get(time) ?? []), delivery])
  }
  for (const [time, due] of byTime) {
    const payloads = due.map(({ id: deliveryId, channel }) => ({ deliveryId, channel }))
    const jobs = await ctx.enqueueMany(deliverJob, payloads, {
      ...(time === null ? {} : { runAt: new Date(time) }),
      ...(isCritical ? { priority: CRITICAL_PRIORITY } : {}),
    })
    for (const [i, delivery] of due.entries()) delivery.jobId = jobs[i]?.id ?? null
  }
}
