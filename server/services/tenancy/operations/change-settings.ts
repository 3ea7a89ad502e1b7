import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { mergePatch } from '../../../kernel/merge-patch.js'
import { tenancyErrors } from '../errors.js'
import { findTenantRow, lockTenantRow, updateTenantRow } from '../models/tenant.js'
import { SETTINGS_MAX_BYTES } from '../schemas.js'
import { forgetTenant } from '../state.js'

/** The settings of the caller's tenant. */
export async function readSettings(ctx: Ctx): Promise<Record<string, unknown>> {
  const tenant = await findTenantRow(ctx.db, ctx.tenant.id)
  if (!tenant) throw new kernelErrors.NotFound()
  return tenant.settings
}

/**
 * Applies a JSON merge patch (RFC 7396) to the settings of the caller's tenant and answers the whole. Patches that
 * come at the same time apply one after the other, so that none is lost.
 */
export async function changeSettings(
  ctx: Ctx,
  patch: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const tenant = await lockTenantRow(ctx.db, ctx.tenant.id)
  if (!tenant) throw new kernelErrors.NotFound()
  const settings = mergePatch(tenant.settings, patch)
  if (Buffer.byteLength(JSON.stringify(settings)) > SETTINGS_MAX_BYTES) {
    throw new tenancyErrors.SettingsTooLarge({ limit: SETTINGS_MAX_BYTES })
  }
  await updateTenantRow(ctx.db, tenant.id, { settings })
  await ctx.emit('tenancy.tenant.updated', { tenantId: tenant.id, fields: ['settings'] })
  forgetTenant(ctx, tenant.id, tenant.slug)
  // Names only: what is set may be nobody else's business.
  ctx.auditDetail = { members: Object.keys(patch).slice(0, 50) }
  return settings
}
