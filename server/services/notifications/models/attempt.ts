import type { Ctx } from '../../../kernel/context.js'

/** One try to hand a delivery to a provider. */
export interface Attempt extends Record<string, unknown> {
  attempt: number
  /** unknown: the process died after it began; the provider may have taken the message. */
  outcome: 'sending' | 'sent' | 'failed' | 'unknown'
  provider: string | null
  providerMessageId: string | null
  errorCode: string | null
  error: string | null
  isRetryable: boolean | null
  costMicros: number | null
  costCurrency: string | null
  startedAt: Date
  finishedAt: Date | null
}

/** The attempts of a delivery, oldest first. */
export function listAttempts(ctx: Ctx, deliveryId: string): Promise<Attempt[]> {
  return ctx.db.query<Attempt>({
    name: 'attempts-list',
    text: `select attempt, outcome, provider, provider_message_id as "providerMessageId",
        error_code as "errorCode", error, is_retryable as "isRetryable", cost_micros as "costMicros",
        cost_currency as "costCurrency", created_at as "startedAt", finished_at as "finishedAt"
      from notification_attempts where tenant_id = $1 and delivery_id = $2 order by attempt`,
    values: [ctx.tenant.id, deliveryId],
  })
}

/** Begins an attempt, and settles one that began before and was never told the end of. */
export async function beginAttempt(
  ctx: Ctx,
  { deliveryId, attempt, at }: { deliveryId: string; attempt: number; at: Date },
): Promise<void> {
  await ctx.db.execute({
    name: 'attempts-lost',
    text: `update notification_attempts set outcome = 'unknown', finished_at = $3
           where tenant_id = $1 and delivery_id = $2 and outcome = 'sending'`,
    values: [ctx.tenant.id, deliveryId, at],
  })
  await ctx.db.execute({
    name: 'attempts-begin',
    text: `insert into notification_attempts (tenant_id, delivery_id, attempt, outcome, created_at)
           values ($1, $2, $3, 'sending', $4)`,
    values: [ctx.tenant.id, deliveryId, attempt, at],
  })
}

/** Tells how an attempt ended. */
export async function endAttempt(
  ctx: Ctx,
  { deliveryId, attempt, at }: { deliveryId: string; attempt: number; at: Date },
  end: Pick<
    Attempt,
    | 'outcome'
    | 'provider'
    | 'providerMessageId'
    | 'errorCode'
    | 'error'
    | 'isRetryable'
    | 'costMicros'
    | 'costCurrency'
  >,
): Promise<void> {
  await ctx.db.execute({
    name: 'attempts-end',
    text: `update notification_attempts set outcome = $4, finished_at = $5, provider = $6,
        provider_message_id = $7, error_code = $8, error = $9, is_retryable = $10, cost_micros = $11,
        cost_currency = $12
      where tenant_id = $1 and delivery_id = $2 and attempt = $3`,
    values: [
      ctx.tenant.id,
      deliveryId,
      attempt,
      end.outcome,
      at,
      ...[end.provider, end.providerMessageId, end.errorCode, end.error, end.isRetryable],
      ...[end.costMicros, end.costCurrency],
    ],
  })
}
