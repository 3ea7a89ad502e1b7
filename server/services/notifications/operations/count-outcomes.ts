import type { Ctx } from '../../../kernel/context.js'
import type { Delivery, DeliveryStatus } from '../models/delivery.js'

/** What metrics tell of; that something was taken back before its time is no outcome. */
const OUTCOMES: ReadonlySet<DeliveryStatus> = new Set([
  'sent',
  'delivered',
  'bounced',
  'failed',
  'skipped',
  'unsubscribed',
  'digested',
])

/**
 * Counts what came of deliveries, once the open transaction commits. What is put into an inbox counts as sent: that it
 * is delivered at once says nothing of how well providers do.
 */
export function countOutcomes(ctx: Ctx, deliveries: readonly Pick<Delivery, 'channel' | 'status'>[]): void {
  ctx.afterCommit(() => {
    for (const { channel, status } of deliveries) {
      const outcome = channel === 'in_app' && status === 'delivered' ? 'sent' : status
      if (OUTCOMES.has(outcome)) ctx.metrics.deliveries.inc({ channel, outcome })
    }
  })
}
