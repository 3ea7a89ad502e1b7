import type { z } from 'zod'
import type { DeliveryStatus } from '../models/delivery.js'
import type { Message } from '../models/message.js'
import type { Accepted } from '../operations/accept-messages.js'
import type { Explanation } from '../operations/explain.js'
import { RULES, type Rule } from '../rules/rule.js'
import type { acceptedView, explainView, messageDetailView, messageView } from '../schemas/messages.js'

/** What became of a draft, as its sender is answered. */
export function presentAccepted({ message, isDuplicate }: Accepted): z.input<typeof acceptedView> {
  return {
    id: message.id,
    status: message.status,
    transaction_id: message.transactionId,
    is_duplicate: isDuplicate,
    send_at: message.sendAt?.toISOString() ?? null,
  }
}

/** A message as it leaves: not whom it was for, nor what it said. */
export function presentMessage(message: Message): z.input<typeof messageView> {
  return {
    id: message.id,
    kind: message.kind,
    status: message.status,
    transaction_id: message.transactionId,
    template: message.templateKey,
    category: message.category,
    send_at: message.sendAt?.toISOString() ?? null,
    recipients: message.recipients,
    unresolved: message.unresolved,
    error: message.errorCode === null ? null : { code: message.errorCode, message: message.error ?? '' },
    processed_at: message.processedAt?.toISOString() ?? null,
    created_by: message.createdBy,
    created_at: message.createdAt.toISOString(),
  }
}

/** A message with how many of its deliveries are in which status. */
export function presentMessageDetail({
  message,
  deliveries,
}: {
  message: Message
  deliveries: Partial<Record<DeliveryStatus, number>>
}): z.input<typeof messageDetailView> {
  return { ...presentMessage(message), deliveries }
}

/** Rules in words. */
export function presentReasons(rules: readonly Rule[]): { rule: Rule; words: string }[] {
  return rules.map((rule) => ({ rule, words: RULES[rule] }))
}

/** What everybody would get, and why. */
export function presentExplanation({
  at,
  plan,
  recipients,
  unresolved,
}: Explanation): z.input<typeof explainView> {
  return {
    at: at.toISOString(),
    category: plan.category.key,
    is_critical: plan.category.critical,
    recipients: recipients.map(({ profile, isKnown, verdicts }) => ({
      recipient: {
        kind: profile.kind,
        id: isKnown ? profile.id : null,
        external_id: profile.externalId,
        name: profile.name,
      },
      channels: verdicts.map(({ channel, action, at: when, rules }) => ({
        channel,
        action,
        at: when?.toISOString() ?? null,
        reasons: presentReasons(rules),
      })),
    })),
    unresolved,
  }
}
