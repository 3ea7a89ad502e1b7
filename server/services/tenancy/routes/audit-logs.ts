import { defineRoute, signedIn, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { listOf } from '../../../kernel/schema.js'
import { listAudit, verifyAudit } from '../operations/read-audit.js'
import { auditEntryView, chainVerdictView, listAuditQuery, verifyAuditQuery } from '../schemas.js'

const PER_CHAIN = 'which permission is needed depends on whose chain it is; the operation judges it'
const JUDGED = [kernelErrors.Forbidden, kernelErrors.TenantRequired, kernelErrors.TenantSuspended]

const listAuditRoute = defineRoute({
  id: 'listAuditLogs',
  method: 'get',
  path: '/audit-logs',
  summary: 'List audit log entries',
  description:
    "Those of the tenant the caller works in; for operators who name no tenant, the installation's own.",
  access: signedIn(PER_CHAIN),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  input: { query: listAuditQuery },
  output: listOf(auditEntryView),
  transaction: 'manual',
  errors: JUDGED,
  handler: (ctx, { query }) => listAudit(ctx, query),
})

const verifyAuditRoute = defineRoute({
  id: 'verifyAuditLogs',
  method: 'post',
  path: '/audit-logs/verify',
  summary: 'Verify the audit chain',
  description: 'Recomputes every hash in the database; a line that was changed, removed or cut off is named.',
  access: signedIn(PER_CHAIN),
  limit: 'write',
  audit: unaudited('verifying changes nothing'),
  input: { query: verifyAuditQuery },
  output: chainVerdictView,
  transaction: 'manual',
  onTrial: true,
  errors: JUDGED,
  handler: (ctx, { query }) => verifyAudit(ctx, query.tenant_id),
})

/** What was done, by whom, provably. */
export const auditRoutes = [listAuditRoute, verifyAuditRoute]
