import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { INSTALLATION_CHAIN, verifyChain } from '../../../storage/audit.js'
import { listAuditLines } from '../models/audit-log.js'
import { presentAuditEntry } from '../present.js'
import type { ListAuditQuery } from '../schemas.js'

const VERIFY_TIMEOUT_MS = 120_000

/** A page of the audit chain the caller may read, newest first. Opens its own transaction. */
export function listAudit(ctx: Ctx, query: ListAuditQuery) {
  const { limit: _limit, cursor: _cursor, tenant_id: tenantId, ...filter } = query
  const chain = readableChain(ctx, tenantId)
  return ctx.transactionIn(chain, () =>
    paginate(
      ctx,
      'audit-logs',
      query,
      (window) => listAuditLines(ctx.db, chain, filter, window),
      presentAuditEntry,
    ),
  )
}

/** Recomputes the audit chain the caller may read and says where it breaks, if it does. Opens its own transaction. */
export function verifyAudit(ctx: Ctx, tenantId: string | undefined) {
  const chain = readableChain(ctx, tenantId)
  return ctx.transactionIn(chain, async () => {
    // A long chain takes longer than any other statement may.
    await ctx.db.query({ text: `set local statement_timeout = ${VERIFY_TIMEOUT_MS}` })
    return verifyChain(ctx.db, chain)
  })
}

/**
 * The chain of the tenant the caller works in; without one, for operators, that of the installation. Operators may
 * also name a tenant by id, because chains outlive their tenants.
 */
function readableChain(ctx: Ctx, tenantId: string | undefined): string {
  if (tenantId !== undefined && tenantId !== ctx.principal.tenant?.id) {
    ctx.authorize('tenancy.audit.read-installation')
    return tenantId
  }
  const { tenant } = ctx.principal
  if (!tenant && ctx.may('tenancy.audit.read-installation').allowed) return INSTALLATION_CHAIN
  ctx.authorize('tenancy.audit.read')
  return ctx.tenant.id
}
