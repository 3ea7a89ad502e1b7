import type { Ctx } from '../../../../kernel/context.js'
import { VERSION } from '../../../../version.js'
import {
  advanceDelivery,
  type DeliveryRef,
  findDelivery,
  keepSlot,
  type WebhookDelivery,
} from '../models/webhook-delivery.js'
import { findEndpoint, type WebhookEndpoint } from '../models/webhook-endpoint.js'
import { readHealth, takeSlot } from '../models/webhook-health.js'
import { signingKeys } from '../models/webhook-key.js'
import { findMessage, type WebhookMessage } from '../models/webhook-message.js'
import { signedHeaders } from '../signing/signature.js'
import type { WebhookRequest } from './post.js'
import { openHeaders } from './seal-headers.js'

/** What a run of a delivery is to do. */
export type Task =
  /** Nothing: it is settled, or another job's. */
  | { kind: 'over'; outcome: 'skipped' | 'superseded' }
  /** Come back: the endpoint is paused, or its rate limit gave a later time. */
  | { kind: 'wait'; reason: string; until: Date }
  | { kind: 'send'; request: WebhookRequest; attempts: number; isTest: boolean }

/**
 * Looks what is to be done about a delivery, on behalf of the job that works on it, and signs what is to be sent. Skips
 * what goes to an endpoint that was disabled or deleted meanwhile. Needs an open transaction.
 */
export async function prepareDelivery(ctx: Ctx, ref: DeliveryRef, jobId: string): Promise<Task> {
  const [delivery, message] = [await findDelivery(ctx, ref), await findMessage(ctx, ref.messageId)]
  if (!delivery || !message || delivery.status !== 'pending' || delivery.jobId !== jobId)
    return { kind: 'over', outcome: 'superseded' }
  const endpoint = await findEndpoint(ctx, ref.endpointId)
  const isTest = message.source === 'test'
  if (!endpoint || (endpoint.disabledAt && !isTest)) {
    const reason = endpoint ? 'the endpoint is disabled' : 'the endpoint was deleted'
    await skip(ctx, delivery, jobId, reason)
    return { kind: 'over', outcome: 'skipped' }
  }
  const wait = isTest ? null : await waitOf(ctx, endpoint, delivery)
  if (wait) return { kind: 'wait', ...wait }
  return { kind: 'send', request: await write(ctx, endpoint, message), attempts: delivery.attempts, isTest }
}

async function skip(ctx: Ctx, delivery: WebhookDelivery, jobId: string, reason: string): Promise<void> {
  const { attempts } = delivery
  await advanceDelivery(ctx, delivery, jobId, { status: 'skipped', reason, attempts, nextAttemptAt: null })
  ctx.afterCommit(() => ctx.metrics.webhookDeliveries.inc({ outcome: 'skipped' }))
}

/** Until when a delivery has to wait, and why; null when it may go now. */
async function waitOf(
  ctx: Ctx,
  { id, ratePerMinute }: WebhookEndpoint,
  delivery: WebhookDelivery,
): Promise<{ reason: string; until: Date } | null> {
  const now = ctx.now()
  const pausedUntil = (await readHealth(ctx, id))?.pausedUntil
  if (pausedUntil && pausedUntil > now) return { reason: 'the endpoint is paused', until: pausedUntil }
  if (ratePerMinute === null) return null

  const slotAt = delivery.slotAt ?? (await takeSlot(ctx, id, ratePerMinute, now))
  if (slotAt <= now) return null
  if (!delivery.slotAt) await keepSlot(ctx, delivery, slotAt)
  return { reason: 'the endpoint takes so many a minute', until: slotAt }
}

/** The request as it is sent: signed now, so that its timestamp is fresh however often it was tried. */
async function write(
  ctx: Ctx,
  endpoint: WebhookEndpoint,
  { id, body }: WebhookMessage,
): Promise<WebhookRequest> {
  const custom = openHeaders(ctx, endpoint)
  const timestamp = Math.floor(ctx.now().getTime() / 1000)
  return {
    url: endpoint.url,
    headers: {
      ...custom,
      'content-type': 'application/json',
      'user-agent': `VetrAI-Webhooks/${VERSION}`,
      ...signedHeaders({ id, timestamp, body }, await signingKeys(ctx, endpoint.id)),
    },
    body,
    secrets: Object.values(custom),
  }
}
