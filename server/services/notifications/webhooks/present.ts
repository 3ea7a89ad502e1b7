import type { z } from 'zod'
import type { AttemptStats, WebhookAttempt } from './models/webhook-attempt.js'
import type { DeliveryStatus, WebhookDelivery } from './models/webhook-delivery.js'
import type { WebhookEndpoint } from './models/webhook-endpoint.js'
import type { WebhookHealth } from './models/webhook-health.js'
import type { ListedMessage, WebhookMessage } from './models/webhook-message.js'
import type { endpointView, statsView } from './schemas/endpoints.js'
import type { AttemptView, DeliveryView, ListedMessageView, messageView } from './schemas/messages.js'

/** An endpoint as its managers see it: everything but its secrets. */
export function presentEndpoint(endpoint: WebhookEndpoint): z.input<typeof endpointView> {
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    event_types: endpoint.eventTypes,
    headers: endpoint.headerNames,
    rate_per_minute: endpoint.ratePerMinute,
    enabled: endpoint.disabledAt === null,
    disabled_at: iso(endpoint.disabledAt),
    disabled_reason: endpoint.disabledReason,
    signing: endpoint.keys.map((key) => ({
      scheme: key.scheme,
      public_key: key.publicKey,
      created_at: key.createdAt.toISOString(),
      expires_at: iso(key.expiresAt),
    })),
    created_at: endpoint.createdAt.toISOString(),
    updated_at: endpoint.updatedAt.toISOString(),
  }
}

/** How an endpoint did since a time. */
export function presentStats(
  since: Date,
  deliveries: Record<DeliveryStatus, number>,
  { succeeded, failed, p50Ms, p95Ms }: AttemptStats,
  health: WebhookHealth,
): z.input<typeof statsView> {
  return {
    since: since.toISOString(),
    deliveries,
    attempts: { succeeded, failed },
    duration_ms: { p50: p50Ms, p95: p95Ms },
    failing_since: iso(health.failingSince),
    failures: health.failures,
    last_success_at: iso(health.lastSuccessAt),
    last_failure_at: iso(health.lastFailureAt),
    paused_until: iso(health.pausedUntil),
  }
}

export function presentDelivery(delivery: WebhookDelivery): DeliveryView {
  return {
    message_id: delivery.messageId,
    endpoint_id: delivery.endpointId,
    type: delivery.type,
    status: delivery.status,
    reason: delivery.reason,
    attempts: delivery.attempts,
    next_attempt_at: iso(delivery.nextAttemptAt),
    settled_at: iso(delivery.settledAt),
    created_at: delivery.createdAt.toISOString(),
  }
}

/** An attempt. What the receiver answered is for those only who chose where to send. */
export function presentAttempt(attempt: WebhookAttempt, showsResponse: boolean): AttemptView {
  return {
    id: attempt.id,
    message_id: attempt.messageId,
    endpoint_id: attempt.endpointId,
    number: attempt.number,
    outcome: attempt.outcome,
    status_code: attempt.statusCode,
    error_code: attempt.errorCode,
    error: attempt.error,
    duration_ms: attempt.durationMs,
    response: showsResponse ? attempt.response : null,
    created_at: attempt.createdAt.toISOString(),
  }
}

/** A message with what it says and how each delivery stands. */
export function presentMessage(
  message: WebhookMessage,
  deliveries: readonly WebhookDelivery[],
): z.input<typeof messageView> {
  return {
    ...headOf(message),
    payload: JSON.parse(message.body),
    deliveries: deliveries.map(presentDelivery),
  }
}

export function presentListedMessage(message: ListedMessage): ListedMessageView {
  return { ...headOf(message), deliveries: message.counts }
}

function headOf(message: Omit<WebhookMessage, 'body'>) {
  return {
    id: message.id,
    type: message.type,
    source: message.source,
    occurred_at: message.occurredAt.toISOString(),
    created_at: message.createdAt.toISOString(),
  }
}

function iso(date: Date | null): string | null {
  return date ? date.toISOString() : null
}
