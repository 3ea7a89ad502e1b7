import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { tenancyErrors } from '../errors.js'
import {
  deleteQuotaRow,
  findQuota,
  listQuotaRows,
  type Quota,
  type QuotaRef,
  upsertQuota,
} from '../models/quota.js'
import { presentQuota } from '../present.js'
import type { SetQuotaBody } from '../schemas.js'

/** A page of the quotas of the caller's tenant with their use, newest first. */
export function listQuotas(ctx: Ctx, query: { limit: number; cursor?: string | undefined }) {
  const scope = { tenantId: ctx.tenant.id, now: ctx.now() }
  return paginate(ctx, 'quotas', query, (window) => listQuotaRows(ctx.db, scope, window), presentQuota)
}

/** One quota of the caller's tenant with its use. Throws 404 when an operator has not set it. */
export async function readQuota(ctx: Ctx, resource: string): Promise<Quota> {
  const quota = await findQuota(ctx.db, quotaRef(ctx, resource))
  if (!quota) throw new tenancyErrors.QuotaUnknown()
  return quota
}

/** Sets how much of a resource the tenant may use. Use goes on being counted unless the period becomes another. */
export function setQuota(ctx: Ctx, resource: string, { limit, period }: SetQuotaBody): Promise<Quota> {
  ctx.auditDetail = { limit, period }
  return upsertQuota(ctx.db, quotaRef(ctx, resource), { limit, period })
}

/** Removes a quota with its reservations: the resource is neither bounded nor counted from then on. */
export async function removeQuota(ctx: Ctx, resource: string): Promise<void> {
  if (!(await deleteQuotaRow(ctx.db, ctx.tenant.id, resource))) throw new tenancyErrors.QuotaUnknown()
}

/** The quota of this resource in the caller's tenant, now. */
export function quotaRef(ctx: Ctx, resource: string): QuotaRef {
  return { tenantId: ctx.tenant.id, resource, now: ctx.now() }
}
