import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { tenancyErrors } from '../errors.js'
import { countAdministered } from '../models/membership.js'
import { findPerson } from '../models/person.js'
import type { Tenant } from '../models/tenant.js'
import type { CreateTenantBody } from '../schemas.js'
import { createTenant } from './create-tenant.js'
import { recordForOperators } from './record-for-operators.js'

/** Organisations a person may administer before they can make no more by themselves. */
const OWN_MAX = 20

/**
 * Makes a tenant for whoever asks: operators for anybody and under any plan; other people for themselves, where
 * self-service is on. Needs a system transaction.
 */
export async function openTenant(ctx: Ctx, body: CreateTenantBody): Promise<Tenant> {
  const isOperator = ctx.may('tenancy.tenants.create').allowed
  const ownerUserId = isOperator ? await givenOwner(ctx, body.owner_user_id) : await selfAsOwner(ctx, body)
  const { slug, name = slug, plan, settings } = body
  const tenant = await createTenant(ctx, { slug, name, plan, settings, ownerUserId })
  await recordForOperators(ctx, 'tenant.created', tenant)
  ctx.auditTenantId = tenant.id
  ctx.auditDetail = { slug: tenant.slug, plan: tenant.plan, owner: ownerUserId }
  return tenant
}

async function givenOwner(ctx: Ctx, userId: string | undefined): Promise<string | null> {
  if (userId === undefined) return null
  if (!(await findPerson(ctx.db, userId))) throw new tenancyErrors.OwnerUnknown()
  return userId
}

async function selfAsOwner(ctx: Ctx, body: CreateTenantBody): Promise<string> {
  const { principal } = ctx
  if (principal.kind !== 'user') throw new kernelErrors.Forbidden({ permission: 'tenancy.tenants.create' })
  if (!ctx.config.TENANCY_SELF_SERVICE) throw new tenancyErrors.SelfServiceClosed()
  if (body.plan !== undefined) throw new tenancyErrors.OperatorsOnly({ field: 'plan' })
  if (body.owner_user_id !== undefined) throw new tenancyErrors.OperatorsOnly({ field: 'owner_user_id' })
  if ((await countAdministered(ctx.db, principal.id)) >= OWN_MAX)
    throw new tenancyErrors.TooManyTenants({ limit: OWN_MAX })
  return principal.id
}
