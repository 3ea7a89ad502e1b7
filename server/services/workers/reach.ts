import { INSTALLATION } from '../../jobs/job-row.js'
import type { Ctx } from '../../kernel/context.js'

/** What a caller wants of jobs or schedules: look at them, or make and change them. */
export type Reach =
  | 'workers.jobs.read'
  | 'workers.jobs.create'
  | 'workers.jobs.manage'
  | 'workers.schedules.read'
  | 'workers.schedules.manage'

/**
 * The tenant whose jobs and schedules a call works on: the caller's own; for operators who name none, the installation's (the
 * tenant of zeros). Throws where the caller may not.
 */
export function reachableTenant(ctx: Ctx, permission: Reach): string {
  if (!ctx.principal.tenant && ctx.may('workers.jobs.administer').allowed) return INSTALLATION
  ctx.authorize(permission)
  return ctx.tenant.id
}

/** Runs `work` in a transaction bound to that tenant. */
export function inReach<T>(ctx: Ctx, permission: Reach, work: (tenantId: string) => Promise<T>): Promise<T> {
  const tenantId = reachableTenant(ctx, permission)
  return ctx.transactionIn(tenantId, () => work(tenantId))
}
