import type { Ctx } from '../../../kernel/context.js'
import type { Position } from '../../../kernel/pagination.js'

/** A job that failed for good, and whether it was given another chance. */
export type DeadLetter = {
  id: string
  jobId: string
  kind: string
  queue: string
  reason: 'attempts' | 'gave_up' | 'lost' | 'child_failed' | 'bad_payload'
  error: string | null
  attempts: number
  redrivenAt: Date | null
  redrivenBy: string | null
  createdAt: Date
}

export interface DeadLetterFilter {
  kind?: string | undefined
  queue?: string | undefined
  isOpen?: boolean | undefined
}

const COLUMNS = `d.id, d.job_id as "jobId", d.kind, d.queue, d.reason, d.error, d.attempts,
  d.redriven_at as "redrivenAt", d.redriven_by as "redrivenBy", d.created_at as "createdAt"`

/** Dead letters of a tenant, newest first. */
export function listDeadLetters(
  ctx: Ctx,
  tenantId: string,
  filter: DeadLetterFilter,
  window: { after: Position | null; limit: number },
): Promise<DeadLetter[]> {
  return ctx.db.query<DeadLetter>({
    name: 'workers-list-dead',
    text: `select ${COLUMNS} from dead_letters d where d.tenant_id = $1
      and ($2::timestamptz is null or (d.created_at, d.id) < ($2, $3::uuid))
      and ($4::text is null or d.kind = $4) and ($5::text is null or d.queue = $5)
      and ($6::boolean is null or (d.redriven_at is null) = $6)
      order by d.created_at desc, d.id desc limit $7`,
    values: [
      ...[tenantId, window.after?.createdAt ?? null, window.after?.id ?? null],
      ...[filter.kind ?? null, filter.queue ?? null, filter.isOpen ?? null, window.limit],
    ],
  })
}

/** The dead letter with this id, or null. */
export async function findDeadLetter(ctx: Ctx, tenantId: string, id: string): Promise<DeadLetter | null> {
  const [row] = await ctx.db.query<DeadLetter>({
    name: 'workers-find-dead',
    text: `select ${COLUMNS} from dead_letters d where d.tenant_id = $1 and d.id = $2`,
    values: [tenantId, id],
  })
  return row ?? null
}

/** Marks the open dead letters of these jobs as redriven. */
export async function markRedriven(
  ctx: Ctx,
  tenantId: string,
  jobIds: readonly string[],
  by: string,
): Promise<void> {
  await ctx.db.execute({
    name: 'workers-mark-redriven',
    text: `update dead_letters set redriven_at = now(), redriven_by = $3
      where tenant_id = $1 and job_id = any($2::uuid[]) and redriven_at is null`,
    values: [tenantId, jobIds, by],
  })
}

/** Jobs behind open dead letters, oldest first, locked so that two who redrive share them. */
export async function takeOpenDeadLetters(
  ctx: Ctx,
  tenantId: string,
  filter: { kind?: string | undefined; queue?: string | undefined; limit: number },
): Promise<string[]> {
  const rows = await ctx.db.query<{ jobId: string }>({
    name: 'workers-take-dead',
    text: `select d.job_id as "jobId" from dead_letters d where d.tenant_id = $1 and d.redriven_at is null
      and ($2::text is null or d.kind = $2) and ($3::text is null or d.queue = $3)
      order by d.created_at limit $4 for update skip locked`,
    values: [tenantId, filter.kind ?? null, filter.queue ?? null, filter.limit],
  })
  return rows.map(({ jobId }) => jobId)
}
