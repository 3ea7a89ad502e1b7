import type { Database } from './database.js'

/** Chain of lines that belong to no tenant: what the operator did to the installation itself. */
export const INSTALLATION_CHAIN = '00000000-0000-0000-0000-000000000000'

/** One line of the audit log before it is chained. */
export interface AuditLine {
  /** null is the installation's own chain. */
  tenantId: string | null
  action: string
  target: string | null
  outcome: 'success' | 'refused'
  actorKind: string
  actorId: string | null
  impersonatorId: string | null
  ip: string
  requestId: string
  detail: Record<string, unknown>
}

/**
 * Appends a line to its tenant's chain in the open transaction, in one round trip: the database function
 * locks the chain's head, hashes the line with the hash before it (SHA-256) and moves the head.
 */
export async function appendAudit(db: Database, line: AuditLine): Promise<void> {
  await db.query({
    name: 'audit-append',
    text: 'select audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    values: [
      line.tenantId ?? INSTALLATION_CHAIN,
      line.action,
      line.target,
      line.outcome,
      line.actorKind,
      line.actorId,
      line.impersonatorId,
      line.ip,
      line.requestId,
      JSON.stringify(line.detail),
    ],
  })
}

export interface ChainVerdict {
  ok: boolean
  /** Lines looked at. */
  checked: number
  /** Sequence number of the first line that does not follow from the one before it; null when all do. */
  broken_at: number | null
}

/**
 * Recomputes a tenant's whole chain in the database and compares it with what is stored, including its head,
 * so that a changed, removed or cut-off line shows. Needs a transaction that may read the chain.
 */
export async function verifyChain(db: Database, tenantId: string | null): Promise<ChainVerdict> {
  const rows = await db.query<{ ok: boolean; checked: number; broken_at: number | null }>({
    text: 'select ok, checked, broken_at from audit_verify($1)',
    values: [tenantId ?? INSTALLATION_CHAIN],
  })
  return rows[0] ?? { ok: true, checked: 0, broken_at: null }
}
