import type { Ctx } from '../../../kernel/context.js'
import {
  deleteTemplateRow,
  lockTemplateRow,
  pointTo,
  type TemplateWithDraft,
  updateDraft,
} from '../models/template.js'
import { forgetPublished } from '../template-state.js'
import { findTemplate, type SeenTemplate } from './find-template.js'

/**
 * Sends a shipped message as shipped again, and one of the tenant's own not at all. Draft and versions stay. Safe to
 * repeat.
 */
export async function unpublishTemplate(ctx: Ctx, key: string): Promise<SeenTemplate<TemplateWithDraft>> {
  const seen = await findTemplate(ctx, key)
  const row = seen.row && (await lockTemplateRow(ctx, key))
  if (row && row.publishedVersion !== null) {
    await pointTo(ctx, key, null)
    await withdrawn(ctx, key)
  }
  return findTemplate(ctx, key)
}

/**
 * Makes a shipped message what it was: nothing published, no draft. Its versions stay, so that deliveries made from
 * them can be explained and a rollback is possible. A message of the tenant's own is removed with all its versions.
 */
export async function removeTemplate(ctx: Ctx, key: string): Promise<void> {
  const seen = await findTemplate(ctx, key)
  const row = seen.row && (await lockTemplateRow(ctx, key))
  if (!row) return
  if (row.own) await deleteTemplateRow(ctx, key)
  else {
    await pointTo(ctx, key, null)
    await updateDraft(ctx, key, null)
  }
  await withdrawn(ctx, key)
}

async function withdrawn(ctx: Ctx, key: string): Promise<void> {
  await ctx.emit('notifications.template.unpublished', { key })
  forgetPublished(ctx, key)
}
