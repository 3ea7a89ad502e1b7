import type { Ctx } from '../../../kernel/context.js'
import type { Database } from '../../../storage/database.js'
import type { UsageBatch } from '../usage/usage-buffer.js'

/** Sums of one bucket. */
export interface UsageBucket {
  start: Date
  kind: 'request' | 'verify'
  outcome: string
  count: number
  credits: number
}

/**
 * Adds a batch of counters in one statement, and adds nothing when a batch of this id was stored before: a
 * flush whose answer was lost may be tried again.
 */
export async function storeUsage(db: Database, batch: UsageBatch): Promise<void> {
  const { rows } = batch
  await db.readSystem({
    name: 'keys-usage-store',
    text: `with batch as (
        insert into api_key_usage_batches (id) values ($1) on conflict do nothing returning id)
      insert into api_key_usage (tenant_id, key_id, hour, kind, outcome, count, credits, last_at)
      select r.* from batch cross join unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[],
        $7::bigint[], $8::bigint[], $9::timestamptz[]) as r
      order by 1, 2, 3, 4, 5
      on conflict (tenant_id, key_id, hour, kind, outcome) do update set
        count = api_key_usage.count + excluded.count,
        credits = api_key_usage.credits + excluded.credits,
        last_at = greatest(api_key_usage.last_at, excluded.last_at)`,
    values: [
      batch.id,
      rows.map((row) => row.tenantId),
      rows.map((row) => row.keyId),
      rows.map((row) => new Date(row.hour)),
      rows.map((row) => row.kind),
      rows.map((row) => row.outcome),
      rows.map((row) => row.count),
      rows.map((row) => row.credits),
      rows.map((row) => new Date(row.lastAt)),
    ],
  })
}

/** Usage of one key, or of all keys of the caller's tenant, summed into UTC hours or days. */
export async function readUsage(
  ctx: Ctx,
  input: { keyId: string | null; from: Date; to: Date; bucket: 'hour' | 'day'; ownerUserId: string | null },
): Promise<UsageBucket[]> {
  return ctx.db.query<UsageBucket & Record<string, unknown>>({
    name: 'keys-usage-read',
    text: `select date_trunc($5, u.hour, 'UTC') as start, u.kind, u.outcome, sum(u.count)::bigint as count,
        sum(u.credits)::bigint as credits
      from api_key_usage u
      where u.tenant_id = $1 and ($2::uuid is null or u.key_id = $2) and u.hour >= $3 and u.hour < $4
        and ($6::uuid is null or exists (select 1 from api_keys k
          where k.tenant_id = u.tenant_id and k.id = u.key_id and k.owner_user_id = $6))
      group by 1, 2, 3 order by 1`,
    values: [ctx.tenant.id, input.keyId, input.from, input.to, input.bucket, input.ownerUserId],
  })
}

/** Forgets counters older than `before` and batch ids older than a day; answers how many counters went. */
export async function pruneUsage(db: Database, before: Date, now: Date): Promise<number> {
  await db.execute({
    text: 'delete from api_key_usage_batches where created_at < $1',
    values: [new Date(now.getTime() - 86_400_000)],
  })
  return db.execute({ text: 'delete from api_key_usage where hour < $1', values: [before] })
}
