import type { Ctx } from '../../../kernel/context.js'
import { isSubset } from '../../../kernel/scopes.js'
import { keyErrors } from '../errors.js'
import { findKey } from '../models/api-key.js'
import { type AddressRange, parseAddressRange, rangesCover } from '../rules/address-list.js'
import { grantsOf, misspeltScopes } from '../rules/grants.js'
import { endsAt } from '../rules/key-verdict.js'

/** The parts of a key that say how much it can do, where and for how long. */
export interface Reach {
  scopes: readonly string[]
  expiresAt: Date | null
  allowedIps: readonly string[] | null
}

/** Limits that the calling key puts on keys it makes; nothing for a person. */
export type OwnLimits = Pick<Reach, 'expiresAt' | 'allowedIps'>

/**
 * Throws unless the caller could do itself all that a key of this reach can do: the same scopes, from the
 * same addresses, for as long. Whoever makes, changes or rotates a key passes here with the key as it would
 * be afterwards, so that no chain of calls ever leads to a wider key.
 */
export async function stayWithin(ctx: Ctx, reach: Reach): Promise<void> {
  refuseWiderScopes(ctx, reach.scopes)
  const own = await ownLimits(ctx)
  if (own.expiresAt && (!reach.expiresAt || reach.expiresAt > own.expiresAt)) {
    throw new keyErrors.BeyondOwnLimits({ what: `it ends at ${own.expiresAt.toISOString()}` })
  }
  if (
    own.allowedIps &&
    !(reach.allowedIps && rangesCover(rangesOf(own.allowedIps), rangesOf(reach.allowedIps)))
  ) {
    throw new keyErrors.BeyondOwnLimits({ what: `it may be used from ${own.allowedIps.join(', ')} only` })
  }
}

/** When the calling key ends and from where it may be used: what keys it makes get where nothing is asked for. */
export async function ownLimits(ctx: Ctx): Promise<OwnLimits> {
  const own = ctx.principal.kind === 'key' ? await findKey(ctx, ctx.principal.id) : null
  return { expiresAt: own && endsAt(own), allowedIps: own?.allowedIps ?? null }
}

function refuseWiderScopes(ctx: Ctx, scopes: readonly string[]): void {
  const matrix = ctx.resources.assembly.permissions
  const misspelt = misspeltScopes(matrix, scopes)
  if (misspelt.length > 0) throw new keyErrors.UnknownScope({ scopes: misspelt })
  const granted = grantsOf(matrix, ctx.principal)
  const wider = scopes.filter((scope) => !isSubset(granted, [scope]))
  if (wider.length > 0) throw new keyErrors.ScopeTooWide({ scopes: wider })
}

function rangesOf(texts: readonly string[]): AddressRange[] {
  return texts.flatMap((text) => parseAddressRange(text) ?? [])
}
