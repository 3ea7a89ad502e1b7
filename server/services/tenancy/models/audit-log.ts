import type { Position } from '../../../kernel/pagination.js'
import { INSTALLATION_CHAIN } from '../../../storage/audit.js'
import type { Database } from '../../../storage/database.js'

/** A line of an audit chain. `createdAt` and `id` are its place in lists: chains are read by sequence. */
export interface AuditEntry extends Record<string, unknown>, Position {
  lineId: string
  sequence: number
  at: Date
  action: string
  target: string | null
  outcome: 'success' | 'refused'
  actorKind: string
  actorId: string | null
  impersonatorId: string | null
  ip: string
  requestId: string
  detail: Record<string, unknown>
  hash: Buffer
}

export interface AuditFilter {
  /** An action, or its beginning followed by `*`. */
  action?: string | undefined
  actor?: string | undefined
  target?: string | undefined
  outcome?: 'success' | 'refused' | undefined
  from?: string | undefined
  to?: string | undefined
}

/** One window of a chain, newest first in the exact order of the chain. Needs a transaction that may read it. */
export async function listAuditLines(
  db: Database,
  chain: string,
  filter: AuditFilter,
  { after, limit }: { after: Position | null; limit: number },
): Promise<AuditEntry[]> {
  const values: unknown[] = [chain]
  const bind = (value: unknown) => `$${values.push(value)}`
  const where = ['tenant_id = $1']
  if (filter.action?.endsWith('*')) where.push(`starts_with(action, ${bind(filter.action.slice(0, -1))})`)
  else if (filter.action) where.push(`action = ${bind(filter.action)}`)
  if (filter.actor) where.push(`actor_id = ${bind(filter.actor)}`)
  if (filter.target) where.push(`target = ${bind(filter.target)}`)
  if (filter.outcome) where.push(`outcome = ${bind(filter.outcome)}`)
  if (filter.from) where.push(`created_at >= ${bind(filter.from)}`)
  if (filter.to) where.push(`created_at < ${bind(filter.to)}`)
  if (after) where.push(`sequence < ${bind(sequenceAt(after))}`)
  const rows = await db.query<Omit<AuditEntry, 'id' | 'createdAt'>>({
    text: `select id as "lineId", sequence, created_at as at, action, target, outcome, actor_kind as "actorKind",
             actor_id as "actorId", impersonator_id as "impersonatorId", ip, request_id as "requestId", detail, hash
           from audit_logs where ${where.join(' and ')} order by sequence desc limit ${bind(limit)}`,
    values,
  })
  return rows.map((row) => ({ ...row, ...placeOf(row.sequence as number) }) as AuditEntry)
}

/** Ids of tenants purged or erased since, as the installation's own chain has it. Needs a system transaction. */
export async function findPurged(db: Database, since: Date): Promise<string[]> {
  const rows = await db.query<{ target: string }>({
    text: `select distinct target from audit_logs where tenant_id = $1 and action in ('tenant.purged', 'tenant.erased') and created_at > $2`,
    values: [INSTALLATION_CHAIN, since],
  })
  return rows.map((row) => row.target)
}

/** Several lines share a millisecond, so that the sequence is the place: written where cursors hold an id. */
function placeOf(sequence: number): Position {
  return { createdAt: new Date(0), id: `00000000-0000-8000-8000-${sequence.toString(16).padStart(12, '0')}` }
}

function sequenceAt(position: Position): number {
  return Number.parseInt(position.id.slice(-12), 16)
}
