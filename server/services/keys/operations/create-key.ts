import type { Ctx } from '../../../kernel/context.js'
import { isSubset } from '../../../kernel/scopes.js'
import { keyErrors } from '../errors.js'
import { countLivingKeys, lockKeyCount } from '../models/api-key.js'
import { setCredits } from '../models/key-credits.js'
import { roleOfMember } from '../models/key-owner.js'
import { impersonates, managesAllKeys, personOf } from '../policy.js'
import { grantsOfRoles, tenantRolesOf } from '../rules/grants.js'
import type { CreateKeyInput } from '../schemas.js'
import { expiryOf } from './expiry-of.js'
import { type IssuedKey, issueKey, reload } from './issue-key.js'
import { limitsFrom } from './limits-from.js'
import { ownLimits, stayWithin } from './stay-within.js'

/** Living keys an organisation may have. */
export const LIVING_KEYS_MAX = 1_000

/**
 * Makes a key that can do no more than its maker, now or later: a person's key follows the person's role, a
 * key of the organisation is capped at the roles its maker has today. The text is in the answer and nowhere else.
 */
export async function createKey(ctx: Ctx, input: CreateKeyInput): Promise<IssuedKey> {
  const actor = ctx.principal
  if (impersonates(actor)) throw new keyErrors.Impersonated()
  const ownerUserId = await chooseOwner(ctx, input)
  const own = await ownLimits(ctx)
  const expiresAt = expiryOf(ctx, input) ?? own.expiresAt
  const allowedIps = input.allowed_ips ?? own.allowedIps?.slice() ?? null
  await stayWithin(ctx, { scopes: input.scopes, expiresAt, allowedIps })
  await refuseTooMany(ctx)

  const issued = await issueKey(ctx, {
    name: input.name,
    environment: input.environment,
    ownerUserId,
    ceilingRoles: ownerUserId ? [] : tenantRolesOf(actor),
    scopes: [...new Set(input.scopes)],
    allowedIps,
    rateLimits: limitsFrom(input.rate_limits),
    meta: input.meta,
    enabled: input.enabled,
    onLeak: input.on_leak,
    expiresAt,
  })
  if (input.credits) await setCredits(ctx, issued.key.lineageId, input.credits)
  await ctx.emit('keys.key.created', { keyId: issued.key.id })
  ctx.auditDetail = { name: input.name, scopes: input.scopes, owner_user_id: ownerUserId }
  return { text: issued.text, key: await reload(ctx, issued.key.id) }
}

/** The person the key will belong to; null for the organisation. Only managers choose anybody but themselves. */
async function chooseOwner(ctx: Ctx, { owner, scopes }: CreateKeyInput): Promise<string | null> {
  const actor = ctx.principal
  const [manages, self] = [managesAllKeys(actor), personOf(actor)]
  const wanted = owner?.type === 'user' ? (owner.id ?? self) : owner || manages ? null : self
  if (!manages && (wanted === null || wanted !== self)) throw new keyErrors.OwnerRefused()
  if (wanted === null) {
    if (owner?.type === 'user') throw new keyErrors.OwnerRefused()
    return null
  }
  const role = await roleOfMember(ctx, wanted)
  if (!role) throw new keyErrors.OwnerNotMember()
  const wider = scopes.filter(
    (scope) => !isSubset(grantsOfRoles(ctx.resources.assembly.permissions, [role]), [scope]),
  )
  if (wider.length > 0) throw new keyErrors.ScopeTooWide({ scopes: wider })
  return wanted
}

async function refuseTooMany(ctx: Ctx): Promise<void> {
  await lockKeyCount(ctx)
  if ((await countLivingKeys(ctx)) >= LIVING_KEYS_MAX)
    throw new keyErrors.LimitReached({ limit: LIVING_KEYS_MAX })
}
