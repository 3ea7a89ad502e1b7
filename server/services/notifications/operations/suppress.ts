import { INSTALLATION } from '../../../jobs/job-row.js'
import type { Ctx } from '../../../kernel/context.js'
import type { TransactionScope } from '../../../storage/database.js'
import {
  findSuppressed,
  type Suppression,
  type SuppressionReason,
  storeSuppression,
} from '../models/suppression.js'
import { type AddressedChannel, maskOf, normalAddress } from '../rules/addresses.js'

/** An address that is dead, or that asked to be left alone. */
export interface SuppressInput {
  /** Null for the whole installation. */
  tenantId: string | null
  channel: AddressedChannel
  address: string
  reason: SuppressionReason
  /** What told: a provider's name, or who did it by hand. */
  source: string
}

/**
 * Puts an address on the suppression list; safe to repeat, the first reason stays. Answers null for a text that is no
 * address: there is nothing to keep from being written to. It joins an open transaction of the same tenant.
 */
export async function suppress(
  ctx: Ctx,
  { tenantId, channel, address, reason, source }: SuppressInput,
): Promise<Suppression | null> {
  const normal = normalAddress(channel, address)
  if (normal === null) return null
  return ctx.db.transaction(scopeOf(tenantId), async () => {
    const { suppression, isNew } = await storeSuppression(ctx.db, {
      tenantId: tenantId ?? INSTALLATION,
      channel,
      addressHash: addressHash(ctx, channel, normal),
      masked: maskOf(channel, normal),
      reason,
      source,
    })
    if (isNew) {
      ctx.afterCommit(() => ctx.metrics.suppressions.inc({ channel, reason }))
      await ctx.emit(
        'notifications.suppression.added',
        { suppressionId: suppression.id, channel, reason },
        tenantId,
      )
    }
    return suppression
  })
}

/** Why an address is not written to. */
export interface Suppressed {
  reason: SuppressionReason
  since: Date
}

/**
 * Those of the addresses that must not be written to, by the caller's tenant or by the whole installation, under the
 * spelling they were given in. One read, which does not see what the open transaction itself has added.
 */
export async function isSuppressed(
  ctx: Ctx,
  channel: AddressedChannel,
  addresses: readonly string[],
): Promise<Map<string, Suppressed>> {
  const hashes = new Map<string, string>()
  for (const address of addresses) {
    const normal = normalAddress(channel, address)
    if (normal !== null) hashes.set(address, addressHash(ctx, channel, normal))
  }
  const tenantId = ctx.principalOrNull?.tenant?.id
  const tenantIds = tenantId === undefined ? [INSTALLATION] : [INSTALLATION, tenantId]
  const found = await findSuppressed(ctx.db, tenantIds, channel, [...new Set(hashes.values())])
  const byHash = new Map(found.map(({ addressHash, ...why }) => [addressHash, why]))
  const suppressed = new Map<string, Suppressed>()
  for (const [address, hash] of hashes) {
    const why = byHash.get(hash)
    if (why) suppressed.set(address, why)
  }
  return suppressed
}

/** What an address is found by; `normal` is its one spelling. */
export function addressHash(
  { secrets }: Pick<Ctx, 'secrets'>,
  channel: AddressedChannel,
  normal: string,
): string {
  return secrets.hash('suppression', `${channel}\n${normal}`)
}

/** Rows of the installation are seen by vetrai_system only. */
export function scopeOf(tenantId: string | null): TransactionScope {
  return tenantId === null ? { role: 'system', tenantId: null } : { role: 'app', tenantId }
}
