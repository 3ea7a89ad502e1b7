import type { Ctx } from '../../../kernel/context.js'
import { backupErrors } from '../errors.js'
import { create } from '../jobs/create.js'
import { drill } from '../jobs/drill.js'
import { backupSettings } from './backup-settings.js'

/** Has a backup made, or one proven, as soon as no other is under way; asked for twice, it is done once. */
export async function startRun(
  ctx: Ctx,
  kind: 'create' | 'drill',
): Promise<{ jobId: string; isNew: boolean }> {
  const settings = await backupSettings(ctx.config).catch(() => undefined)
  if (!settings) throw new backupErrors.NotConfigured()
  const { id, isNew } = await ctx.enqueue(
    kind === 'create' ? create : drill,
    { reason: 'manual' },
    { tenantId: null, unique: { key: 'asked for', mode: 'until-settled' } },
  )
  ctx.auditDetail = { kind, job_id: id }
  return { jobId: id, isNew }
}
