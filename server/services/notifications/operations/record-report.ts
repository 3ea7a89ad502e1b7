import { INSTALLATION } from '../../../jobs/job-row.js'
import type { Ctx } from '../../../kernel/context.js'
import { type DeliveryReference, readReference } from '../../../outbound/delivery-reference.js'
import { nameOfTenant } from '../../tenancy/api.js'
import type { ReportedOutcome } from '../events/channels.js'
import { type AddressedChannel, normalAddress } from '../rules/addresses.js'
import { type SuppressInput, scopeOf, suppress } from './suppress.js'

/** What somebody says became of a message. */
export interface ProviderReport {
  channel: AddressedChannel
  provider: string
  outcome: ReportedOutcome
  code: string | null
  suppress: SuppressInput['reason'] | null
  /** Names of messages that the report holds; the first that was made for one of the addresses counts. */
  references: readonly string[]
  /** Every form in which the report names the recipient. */
  addresses: readonly string[]
  /** A provider that signed the report is believed about addresses of messages it does not name. */
  isTrusted: boolean
}

/**
 * Records a report: a dead address goes on the suppression list of the tenant that wrote to it, and the tenant's
 * delivery hears of it. Answers whether anything came of it: the report names one of our messages and the address it
 * went to, or a trusted one names an address, which is then suppressed for the whole installation. Safe to repeat.
 */
export async function recordReport(ctx: Ctx, report: ProviderReport): Promise<boolean> {
  const addresses = report.addresses.flatMap((address) => normalAddress(report.channel, address) ?? [])
  const found = findReference(ctx, report.references, addresses)
  if (found) return recordOf(ctx, report, found)
  const { channel, suppress: reason, provider: source } = report
  if (!report.isTrusted || reason === null) return false
  for (const address of addresses) await suppress(ctx, { tenantId: null, channel, address, reason, source })
  return addresses.length > 0
}

function findReference(ctx: Ctx, references: readonly string[], addresses: readonly string[]) {
  const key = ctx.secrets.key('delivery-reference')
  for (const text of references) {
    const found = readReference(key, text, addresses)
    if (found) return found
  }
  return null
}

async function recordOf(
  ctx: Ctx,
  { channel, provider, outcome, code, suppress: reason }: ProviderReport,
  { tenantId: owner, deliveryId, address }: DeliveryReference & { address: string },
): Promise<boolean> {
  const tenantId = owner === INSTALLATION ? null : owner
  // A tenant that was purged since leaves nothing behind.
  if (tenantId !== null && (await nameOfTenant(ctx, tenantId)) === null) return false
  await ctx.db.transaction(scopeOf(tenantId), async () => {
    if (reason) await suppress(ctx, { tenantId, channel, address, reason, source: provider })
    if (tenantId === null) return
    const payload = { deliveryId, channel, outcome, provider, code }
    await ctx.emit('notifications.delivery.reported', payload, tenantId)
  })
  return true
}
