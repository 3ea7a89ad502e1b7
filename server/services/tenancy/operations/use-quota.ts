import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { tenancyErrors } from '../errors.js'
import {
  endReservation,
  expireReservations,
  findQuota,
  giveBack,
  lockQuota,
  lockReservation,
  type Quota,
  type QuotaRef,
  type Reservation,
  type ReservationInput,
  SEATS,
  settleOnQuota,
  takeDirectly,
  takeReservation,
} from '../models/quota.js'
import { tellNear } from './tell-near.js'

/**
 * Holds an amount of a quota back, or refuses: what is used and held together never exceeds the limit, however many
 * call at once. It is given back after `ttlS` seconds unless it is committed or released before. Needs an open
 * transaction: system, or bound to the tenant.
 */
export async function reserveQuota(
  ctx: Ctx,
  {
    ref,
    amount,
    ttlS,
    reference = null,
  }: { ref: QuotaRef; amount: number; ttlS: number; reference?: string | null },
): Promise<Reservation> {
  refuseCounted(ref)
  const expiresAt = new Date(ref.now.getTime() + ttlS * 1000)
  const input: ReservationInput = { amount, expiresAt, reference }
  return withRoom(ctx, ref, () => takeReservation(ctx.db, ref, input))
}

/** Counts an amount as used without holding it first, or refuses. Needs an open transaction like `reserveQuota`. */
export async function consumeQuota(
  ctx: Ctx,
  { ref, amount }: { ref: QuotaRef; amount: number },
): Promise<Quota> {
  refuseCounted(ref)
  const quota = await withRoom(ctx, ref, () => takeDirectly(ctx.db, ref, amount))
  await tellNear(ctx, ref, quota, amount)
  return quota
}

/** Gives back an amount that was used in the running period. Needs an open transaction like `reserveQuota`. */
export async function returnQuota(
  ctx: Ctx,
  { ref, amount }: { ref: QuotaRef; amount: number },
): Promise<Quota> {
  refuseCounted(ref)
  const quota = await giveBack(ctx.db, ref, amount)
  if (quota) return quota
  const { used } = known(await findQuota(ctx.db, ref))
  throw new tenancyErrors.AmountTooHigh({ amount: used })
}

/**
 * Counts what was used of a reservation, all of it unless `amount` says less, and gives back the rest. Once only: a
 * reservation that ended is refused. Needs an open transaction like `reserveQuota`.
 */
export async function commitReservation(
  ctx: Ctx,
  { ref, reservationId, amount }: { ref: QuotaRef; reservationId: string; amount?: number | undefined },
): Promise<Quota> {
  const held = await lockHeld(ctx, ref, reservationId)
  const used = amount ?? held.amount
  if (used > held.amount) throw new tenancyErrors.AmountTooHigh({ amount: held.amount })
  await endReservation(
    ctx.db,
    { tenantId: ref.tenantId, id: held.id },
    { state: 'committed', committedAmount: used },
  )
  const quota = known(await settleOnQuota(ctx.db, ref, { amount: held.amount, used }))
  await tellNear(ctx, ref, quota, used)
  return quota
}

/** Gives back all of a reservation. Once only. Needs an open transaction like `reserveQuota`. */
export async function releaseReservation(
  ctx: Ctx,
  { ref, reservationId }: { ref: QuotaRef; reservationId: string },
): Promise<Quota> {
  const held = await lockHeld(ctx, ref, reservationId)
  await endReservation(
    ctx.db,
    { tenantId: ref.tenantId, id: held.id },
    { state: 'released', committedAmount: null },
  )
  return known(await settleOnQuota(ctx.db, ref, { amount: held.amount, used: 0 }))
}

/** A reservation of a quota, whatever its state. Throws 404 when there is none. */
export async function readReservation(ctx: Ctx, ref: QuotaRef, reservationId: string): Promise<Reservation> {
  const quota = known(await findQuota(ctx.db, ref))
  const id = { tenantId: ref.tenantId, quotaId: quota.id, id: reservationId }
  const reservation = await lockReservation(ctx.db, id)
  if (!reservation) throw new kernelErrors.NotFound()
  return reservation
}

/** Tries again once with what overdue reservations held, so that nobody waits for the job that sweeps them. */
async function withRoom<T>(ctx: Ctx, ref: QuotaRef, take: () => Promise<T | null>): Promise<T> {
  const taken = await take()
  if (taken) return taken
  const quota = known(await lockQuota(ctx.db, ref))
  const freed = await expireReservations(ctx.db, { tenantId: ref.tenantId, quotaId: quota.id, now: ref.now })
  const second = freed > 0 ? await take() : null
  if (second) return second
  const remaining = Math.max(0, (quota.limit ?? 0) - quota.used - quota.reserved + freed)
  throw new tenancyErrors.QuotaExceeded({ resource: ref.resource, remaining })
}

/** The quota is locked first: whoever settles or sweeps takes the two locks in this order. */
async function lockHeld(ctx: Ctx, ref: QuotaRef, id: string): Promise<Reservation> {
  const quota = known(await lockQuota(ctx.db, ref))
  const reservation = await lockReservation(ctx.db, { tenantId: ref.tenantId, quotaId: quota.id, id })
  if (!reservation) throw new kernelErrors.NotFound()
  const isOverdue = reservation.state === 'held' && reservation.expiresAt <= ref.now
  const state = isOverdue ? 'expired' : reservation.state
  if (state !== 'held') throw new tenancyErrors.ReservationEnded({ state })
  return reservation
}

function known(quota: Quota | null): Quota {
  if (!quota) throw new tenancyErrors.QuotaUnknown()
  return quota
}

function refuseCounted({ resource }: QuotaRef): void {
  if (resource === SEATS) throw new tenancyErrors.QuotaCounted({ resource })
}
