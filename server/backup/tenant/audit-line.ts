import { INSTALLATION_CHAIN } from '../../storage/audit.js'
import type { Client } from './catalogue.js'
import { tenantError } from './tenant-error.js'

export interface ToolLine {
  readonly tenantId: string | null
  readonly action: string
  readonly target: string
  readonly actor: string
  readonly detail: Record<string, unknown>
}

/** Appends a line to a chain in the open transaction, for what an operator did by the command line. */
export async function appendToolLine(client: Client, line: ToolLine): Promise<void> {
  await client.query(
    `select audit_append($1, $2, $3, 'success', 'operator', $4, null, 'local', 'command line', $5)`,
    [line.tenantId ?? INSTALLATION_CHAIN, line.action, line.target, line.actor, JSON.stringify(line.detail)],
  )
}

/** Recomputes a chain from its first line to its last; throws BackupError where one does not follow. */
export async function requireWholeChain(client: Client, tenantId: string): Promise<void> {
  const { rows } = await client.query<{ ok: boolean }>('select ok from audit_verify($1)', [tenantId])
  if (rows[0]?.ok) return
  throw tenantError(
    'audit_broken',
    'The audit chain of the tenant would not verify.',
    'Take another archive; `vetrai audit verify` tells how the chain here fares.',
  )
}
