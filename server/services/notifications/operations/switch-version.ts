import type { Ctx } from '../../../kernel/context.js'
import { pointTo } from '../models/template.js'
import { forgetPublished } from '../template-state.js'

/** Has a version sent from now on, in every process within a second, and tells others. */
export async function switchVersion(ctx: Ctx, key: string, version: number): Promise<void> {
  await pointTo(ctx, key, version)
  await ctx.emit('notifications.template.published', { key, version })
  forgetPublished(ctx, key)
  ctx.auditDetail = { version }
}
