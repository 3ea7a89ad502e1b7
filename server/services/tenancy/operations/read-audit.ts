import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { INSTALLATION_CHAIN, verifyChain } from '../../../storage/audit.js'
import { listAuditLines } from '../models/audit-log.js'
import { presentAuditEntry } from '../present.js'
import type { ListAuditQuery } from '../schemas.js'

/** A page of the audit chain the caller may read, newest first. Opens its own transaction. */
export function listAudit(ctx: Ctx, query: ListAuditQuery) {
  const chain = readableChain(ctx)
  const { limit: _limit, cursor: _cursor, ...filter } = query
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
export function verifyAudit(ctx: Ctx) {
  const chain = readableChain(ctx)
  return ctx.transactionIn(chain, () => verifyChain(ctx.db, chain))
}

/** The chain of the tenant the caller works in; without one, for operators, that of the installation. */
function readableChain(ctx: Ctx): string {
  const { tenant } = ctx.principal
  if (!tenant && ctx.may('tenancy.audit.read-installation').allowed) return INSTALLATION_CHAIN
  ctx.authorize('tenancy.audit.read')
  return ctx.tenant.id
}
