import type { Ctx } from '../../../kernel/context.js'
import type { Events } from '../../../kernel/events.js'
import { lockDelivery, updateDelivery } from '../models/delivery.js'
import { advanceChain, type Reschedule } from './advance-chain.js'
import { countOutcomes } from './count-outcomes.js'

/**
 * Keeps what a provider told of a delivery after it was handed over. Reports may repeat and come in any order: a bounce
 * outlives every "delivered", and what we do not know as handed over stays as it is. A bounce has the next step of a
 * chain go out. Needs an open transaction of the tenant.
 */
export async function concludeReport(
  ctx: Ctx,
  { deliveryId, outcome, code, provider }: Events['notifications.delivery.reported'],
  reschedule: Reschedule,
): Promise<void> {
  const delivery = await lockDelivery(ctx, deliveryId)
  if (!delivery || (delivery.status !== 'sent' && delivery.status !== 'delivered')) return
  const { messageId, channel } = delivery
  if (outcome === 'delivered' && delivery.status === 'sent') {
    await updateDelivery(ctx, deliveryId, { status: 'delivered' })
    countOutcomes(ctx, [{ channel, status: 'delivered' }])
    await ctx.emit('notifications.delivery.delivered', { deliveryId, messageId, channel })
  } else if (outcome === 'bounced') {
    const error = { errorCode: code ?? 'bounced', error: `${provider} told that it came back.` }
    await updateDelivery(ctx, deliveryId, { status: 'bounced', ...error })
    countOutcomes(ctx, [{ channel, status: 'bounced' }])
    await ctx.emit('notifications.delivery.bounced', { deliveryId, messageId, channel })
    await advanceChain(ctx, delivery, reschedule)
  } else if (outcome === 'complained') {
    await updateDelivery(ctx, deliveryId, { errorCode: 'complained', error: 'The recipient called it spam.' })
  }
}
