import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'
import type { Database } from '../../../storage/database.js'
import { type Periods, periodsAt } from '../periods.js'
import type { QuotaPeriod } from '../schemas.js'

/** The quota that bounds how many members a tenant has; its use is counted, not reserved. */
export const SEATS = 'seats'

/** How much of something a tenant may use, as it stands now. */
export interface Quota extends Record<string, unknown>, Position {
  id: string
  resource: string
  /** null: counted, not bounded. */
  limit: number | null
  /** Used in the running period. */
  used: number
  /** Held by open reservations, whichever period they were made in. */
  reserved: number
  period: QuotaPeriod
  resetsAt: Date | null
  updatedAt: Date
}

/** A part of a quota held back until it is committed, released or expired. */
export interface Reservation extends Record<string, unknown> {
  id: string
  amount: number
  state: 'held' | 'committed' | 'released' | 'expired'
  committedAmount: number | null
  reference: string | null
  expiresAt: Date
  createdAt: Date
}

// In every statement $1 is the tenant, $2 the running day and $3 the running month.
const START = "(case q.period when 'day' then $2::timestamptz when 'month' then $3::timestamptz end)"
/** What is used in the running period: a period that ended counts no more. */
const USED = `(case when q.period_start is not distinct from ${START} then q.used else 0 end)`
const COUNTED = `(case when q.resource = '${SEATS}'
  then (select count(*) from memberships m where m.tenant_id = q.tenant_id) else ${USED} end)`
const COLUMNS = `q.id, q.resource, q.quota_limit as "limit", ${COUNTED} as used, q.reserved, q.period,
  q.updated_at as "updatedAt", q.created_at as "createdAt"`
const RESERVATION = `r.id, r.amount, r.state, r.committed_amount as "committedAmount", r.reference,
  r.expires_at as "expiresAt", r.created_at as "createdAt"`

/** Which quota is meant, and when. */
export interface QuotaRef {
  tenantId: string
  resource: string
  now: Date
}

/** How many members a tenant may have, null without a bound; who asks next waits until this transaction ends. */
export async function lockSeatLimit(db: Database, tenantId: string): Promise<number | null> {
  const rows = await db.query<{ quota_limit: number | null }>({
    text: 'select quota_limit from quotas where tenant_id = $1 and resource = $2 for update',
    values: [tenantId, SEATS],
  })
  return rows[0]?.quota_limit ?? null
}

/** The quota as it stands, or null. */
export async function findQuota(db: Database, ref: QuotaRef): Promise<Quota | null> {
  return one(db, ref, `select ${COLUMNS} from quotas q where q.tenant_id = $1 and q.resource = $4`)
}

/** The quota, locked until the transaction ends, or null: every settlement takes this lock before any other. */
export async function lockQuota(db: Database, ref: QuotaRef): Promise<Quota | null> {
  return one(
    db,
    ref,
    `select ${COLUMNS} from quotas q where q.tenant_id = $1 and q.resource = $4 for update of q`,
  )
}

/** One window of a tenant's quotas, newest first. */
export async function listQuotaRows(
  db: Database,
  { tenantId, now }: { tenantId: string; now: Date },
  { after, limit }: { after: Position | null; limit: number },
): Promise<Quota[]> {
  const periods = periodsAt(now)
  const rows = await db.query<Quota>({
    text: `select ${COLUMNS} from quotas q where q.tenant_id = $1
             and ($4::timestamptz is null or (q.created_at, q.id) < ($4::timestamptz, $5::uuid))
           order by q.created_at desc, q.id desc limit $6`,
    values: [tenantId, periods.day, periods.month, after?.createdAt ?? null, after?.id ?? null, limit],
  })
  return rows.map((row) => withReset(row, periods))
}

/** Sets a quota's limit and period. Use is kept unless the period becomes another. */
export async function upsertQuota(
  db: Database,
  ref: QuotaRef,
  { limit, period }: { limit: number | null; period: QuotaPeriod },
): Promise<Quota> {
  const quota = await one(
    db,
    ref,
    `insert into quotas as q (tenant_id, id, resource, quota_limit, period, period_start)
     values ($1, $5, $4, $6, $7, case $7::text when 'day' then $2::timestamptz when 'month' then $3::timestamptz end)
     on conflict (tenant_id, resource) do update set quota_limit = excluded.quota_limit, period = excluded.period,
       used = case when q.period = excluded.period then ${USED} else 0 end, period_start = excluded.period_start
     returning ${COLUMNS}`,
    [newId(), limit, period],
  )
  return quota as Quota
}

/** Removes a quota with its reservations; false when there is none. */
export async function deleteQuotaRow(db: Database, tenantId: string, resource: string): Promise<boolean> {
  const gone = await db.execute({
    text: 'delete from quotas where tenant_id = $1 and resource = $2',
    values: [tenantId, resource],
  })
  return gone === 1
}

export interface ReservationInput {
  amount: number
  expiresAt: Date
  reference: string | null
}

/**
 * Holds an amount back if it fits, in one statement: the condition and the change are one UPDATE, so that no
 * number of callers at once can go over. Null when it does not fit.
 */
export async function takeReservation(
  db: Database,
  ref: QuotaRef,
  input: ReservationInput,
): Promise<Reservation | null> {
  const { day, month } = periodsAt(ref.now)
  const rows = await db.query<Reservation>({
    name: 'tenancy-quota-reserve',
    text: `with taken as (
        update quotas q set reserved = q.reserved + $5, used = ${USED}, period_start = ${START}
        where q.tenant_id = $1 and q.resource = $4
          and (q.quota_limit is null or ${USED} + q.reserved + $5 <= q.quota_limit)
        returning q.id)
      insert into quota_reservations as r (tenant_id, id, quota_id, amount, expires_at, reference)
      select $1, $6, taken.id, $5, $7, $8 from taken returning ${RESERVATION}`,
    values: [ref.tenantId, day, month, ref.resource, input.amount, newId(), input.expiresAt, input.reference],
  })
  return rows[0] ?? null
}

/** Counts an amount as used at once if it fits, in one conditional UPDATE; null when it does not. */
export async function takeDirectly(db: Database, ref: QuotaRef, amount: number): Promise<Quota | null> {
  return one(
    db,
    ref,
    `update quotas q set used = ${USED} + $5, period_start = ${START}
     where q.tenant_id = $1 and q.resource = $4 and (q.quota_limit is null or ${USED} + q.reserved + $5 <= q.quota_limit)
     returning ${COLUMNS}`,
    [amount],
  )
}

/** Gives back an amount that was used in the running period; null when less was. */
export async function giveBack(db: Database, ref: QuotaRef, amount: number): Promise<Quota | null> {
  return one(
    db,
    ref,
    `update quotas q set used = ${USED} - $5, period_start = ${START}
     where q.tenant_id = $1 and q.resource = $4 and ${USED} >= $5 returning ${COLUMNS}`,
    [amount],
  )
}

/** Moves a settled reservation's amount out of `reserved`, and what was used of it into `used`. */
export async function settleOnQuota(
  db: Database,
  ref: QuotaRef,
  { amount, used }: { amount: number; used: number },
): Promise<Quota | null> {
  return one(
    db,
    ref,
    `update quotas q set reserved = q.reserved - $5, used = ${USED} + $6, period_start = ${START}
     where q.tenant_id = $1 and q.resource = $4 returning ${COLUMNS}`,
    [amount, used],
  )
}

/** A reservation of a quota, locked until the transaction ends, or null. */
export async function lockReservation(
  db: Database,
  { tenantId, quotaId, id }: { tenantId: string; quotaId: string; id: string },
): Promise<Reservation | null> {
  const rows = await db.query<Reservation>({
    text: `select ${RESERVATION} from quota_reservations r
           where r.tenant_id = $1 and r.quota_id = $2 and r.id = $3 for update`,
    values: [tenantId, quotaId, id],
  })
  return rows[0] ?? null
}

/** Ends a reservation. */
export async function endReservation(
  db: Database,
  { tenantId, id }: { tenantId: string; id: string },
  end: { state: 'committed' | 'released'; committedAmount: number | null },
): Promise<void> {
  await db.query({
    text: 'update quota_reservations set state = $3, committed_amount = $4 where tenant_id = $1 and id = $2',
    values: [tenantId, id, end.state, end.committedAmount],
  })
}

/** Gives back what overdue reservations of a locked quota hold; answers how much that was. */
export async function expireReservations(
  db: Database,
  { tenantId, quotaId, now }: { tenantId: string; quotaId: string; now: Date },
): Promise<number> {
  const rows = await db.query<{ amount: number }>({
    text: `with due as (update quota_reservations set state = 'expired'
        where tenant_id = $1 and quota_id = $2 and state = 'held' and expires_at <= $3 returning amount),
      total as (select coalesce(sum(amount), 0)::bigint as amount from due)
      update quotas q set reserved = q.reserved - total.amount from total
      where q.tenant_id = $1 and q.id = $2 and total.amount > 0 returning total.amount`,
    values: [tenantId, quotaId, now],
  })
  return rows[0]?.amount ?? 0
}

/** Quotas with overdue reservations, locked; those somebody settles at the moment are left out. Needs a system transaction. */
export async function lockOverdueQuotas(
  db: Database,
  now: Date,
  limit: number,
): Promise<{ tenantId: string; quotaId: string }[]> {
  return db.query<{ tenantId: string; quotaId: string }>({
    text: `select q.tenant_id as "tenantId", q.id as "quotaId" from quotas q
           where exists (select 1 from quota_reservations r where r.tenant_id = q.tenant_id and r.quota_id = q.id
             and r.state = 'held' and r.expires_at <= $1)
           order by q.tenant_id, q.id limit $2 for update of q skip locked`,
    values: [now, limit],
  })
}

/** Removes reservations that ended long ago, at most `limit`. Needs a system transaction. */
export async function deleteEndedReservations(db: Database, before: Date, limit: number): Promise<number> {
  return db.execute({
    text: `delete from quota_reservations where (tenant_id, id) in (
             select tenant_id, id from quota_reservations where state <> 'held' and expires_at < $1 limit $2)`,
    values: [before, limit],
  })
}

async function one(db: Database, ref: QuotaRef, text: string, more: unknown[] = []): Promise<Quota | null> {
  const periods = periodsAt(ref.now)
  const values = [ref.tenantId, periods.day, periods.month, ref.resource, ...more]
  const [row] = await db.query<Quota>({ text, values })
  return row ? withReset(row, periods) : null
}

function withReset(row: Quota, periods: Periods): Quota {
  const ends: Record<QuotaPeriod, Date | null> = {
    none: null,
    day: periods.nextDay,
    month: periods.nextMonth,
  }
  return { ...row, resetsAt: ends[row.period] }
}
