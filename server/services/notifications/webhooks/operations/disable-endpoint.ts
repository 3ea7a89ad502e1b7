import type { Ctx } from '../../../../kernel/context.js'
import { disableEndpoint as markDisabled } from '../models/webhook-endpoint.js'

/** Sends nothing more to an endpoint and has its tenant told. Safe to repeat: the first reason stays. */
export async function disableEndpoint(
  ctx: Ctx,
  endpointId: string,
  reason: 'gone' | 'failing',
): Promise<void> {
  const disabled = await markDisabled(ctx, endpointId, reason)
  if (!disabled) return
  ctx.afterCommit(() => ctx.metrics.webhooksDisabled.inc({ reason }))
  await ctx.audit({ action: 'webhook_endpoint.disabled', target: endpointId, detail: { reason } })
  await ctx.emit('notifications.webhook.disabled', { endpointId, reason })
}
