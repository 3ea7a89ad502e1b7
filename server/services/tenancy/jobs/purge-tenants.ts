import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { findPurged } from '../models/audit-log.js'
import { findTenantsToPurge } from '../models/tenant.js'
import { purgeTenant, sweepPurged } from '../operations/purge-tenant.js'

const AT_ONCE = 20
/** For so long after a purge, what processes still held of the tenant is looked for. */
const SWEEP_MS = 3_600_000

/** Removes the data of deleted tenants once their grace has passed. */
export const purgeTenants = defineJob({
  name: 'tenancy.purge-tenants',
  payload: z.strictObject({}),
  attempts: 1,
  timeoutMs: 60_000,
  safeToRepeat: 'a purge goes on where the last one ended, and ends with the tenant gone',
  transaction: 'system',
  period: { everySeconds: 60 },
  run: async (ctx) => {
    const now = ctx.now()
    // After the job's own transaction: each purge takes several, and one that fails must not stop the others.
    for (const id of await findTenantsToPurge(ctx.db, now, AT_ONCE))
      ctx.afterCommit(() => purgeTenant(ctx, id))
    for (const id of await findPurged(ctx.db, new Date(now.getTime() - SWEEP_MS))) {
      ctx.afterCommit(() => sweepPurged(ctx, id))
    }
  },
})
