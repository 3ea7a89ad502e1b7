import type { z } from 'zod'
import type { Attempt } from '../models/attempt.js'
import type { Delivery } from '../models/delivery.js'
import type { deliveryDetailView, deliveryView } from '../schemas/deliveries.js'
import { presentReasons } from './messages.js'

/** A delivery as it leaves: its address masked, its content not at all. */
export function presentDelivery(delivery: Delivery): z.input<typeof deliveryView> {
  return {
    id: delivery.id,
    message_id: delivery.messageId,
    recipient: { kind: delivery.recipientKind, id: delivery.recipientId },
    channel: delivery.channel,
    category: delivery.category,
    template: delivery.templateKey,
    status: delivery.status,
    rule: delivery.rule,
    reasons: presentReasons(delivery.rules),
    step: delivery.step,
    run_at: iso(delivery.runAt),
    digest_id: delivery.digestId,
    attempts: delivery.attempts,
    provider: delivery.provider,
    destination: delivery.destination,
    template_version: delivery.templateVersion,
    locale: delivery.locale,
    cost: costOf(delivery),
    error: errorOf(delivery),
    sent_at: iso(delivery.sentAt),
    settled_at: iso(delivery.settledAt),
    created_at: delivery.createdAt.toISOString(),
    updated_at: delivery.updatedAt.toISOString(),
  }
}

/** A delivery with everything that was tried. */
export function presentDeliveryDetail({
  delivery,
  attempts,
}: {
  delivery: Delivery
  attempts: readonly Attempt[]
}): z.input<typeof deliveryDetailView> {
  return { ...presentDelivery(delivery), attempt_list: attempts.map(presentAttempt) }
}

function presentAttempt(attempt: Attempt): z.input<typeof deliveryDetailView>['attempt_list'][number] {
  return {
    attempt: attempt.attempt,
    outcome: attempt.outcome,
    provider: attempt.provider,
    provider_message_id: attempt.providerMessageId,
    error: errorOf(attempt),
    is_retryable: attempt.isRetryable,
    cost: costOf(attempt),
    started_at: attempt.startedAt.toISOString(),
    finished_at: iso(attempt.finishedAt),
  }
}

function costOf({ costMicros, costCurrency }: Pick<Delivery, 'costMicros' | 'costCurrency'>) {
  return costMicros === null || costCurrency === null ? null : { micros: costMicros, currency: costCurrency }
}

function errorOf({ errorCode, error }: Pick<Delivery, 'errorCode' | 'error'>) {
  return errorCode === null ? null : { code: errorCode, message: error ?? '' }
}

function iso(date: Date | null): string | null {
  return date ? date.toISOString() : null
}
