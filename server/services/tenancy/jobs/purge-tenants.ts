import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { findTenantsToPurge } from '../models/tenant.js'
import { purgeTenant } from '../operations/purge-tenant.js'

const AT_ONCE = 20

/** Removes the data of deleted tenants once their grace has passed. */
export const purgeTenants = defineJob({
  name: 'tenancy.purge-tenants',
  payload: z.strictObject({}),
  attempts: 1,
  timeoutMs: 60_000,
  safeToRepeat: 'a purge goes on where the last one ended, and ends with the tenant gone',
  everySeconds: 60,
  run: async (ctx) => {
    // After the job's own transaction: each purge takes several, and one that fails must not stop the others.
    for (const id of await findTenantsToPurge(ctx.db, ctx.now(), AT_ONCE))
      ctx.afterCommit(() => purgeTenant(ctx, id))
  },
})
