import { INSTALLATION } from '../../../jobs/job-row.js'
import type { Ctx } from '../../../kernel/context.js'
import { paginate } from '../../../kernel/pagination.js'
import { channelErrors } from '../errors/channels.js'
import * as model from '../models/suppression.js'
import { presentSuppression } from '../present-suppression.js'
import { type AddressedChannel, normalAddress } from '../rules/addresses.js'
import type { AddSuppressionInput, ListSuppressionsQuery } from '../schemas/channels.js'
import { addressHash, suppress } from './suppress.js'

/** A list: that of the caller's tenant, or the installation's own, which holds for every tenant. */
export type SuppressionList = 'tenant' | 'installation'

/** A page of a list, newest first. Addresses are masked; a given one is looked for exactly. */
export function listSuppressions(ctx: Ctx, list: SuppressionList, query: ListSuppressionsQuery) {
  const { address, ...rest } = query
  const hash = address === undefined ? undefined : hashOf(ctx, query.channel, address)
  return paginate(
    ctx,
    `suppressions.${list}`,
    { ...rest, address: hash },
    (window) => model.listSuppressions(ctx.db, tenantOf(ctx, list), { ...rest, addressHash: hash }, window),
    presentSuppression,
  )
}

/** One suppression; an id of another list is not found. */
export async function readSuppression(
  ctx: Ctx,
  list: SuppressionList,
  id: string,
): Promise<model.Suppression> {
  const found = await model.findSuppression(ctx.db, tenantOf(ctx, list), id)
  if (!found) throw new channelErrors.SuppressionNotFound()
  return found
}

/** Adds an address by hand. Safe to repeat: one that is there already stays as it is. */
export async function addSuppression(
  ctx: Ctx,
  list: SuppressionList,
  { channel, address, reason }: AddSuppressionInput,
): Promise<model.Suppression> {
  const { kind, id } = ctx.principal
  const tenantId = list === 'tenant' ? ctx.tenant.id : null
  const suppression = await suppress(ctx, { tenantId, channel, address, reason, source: `${kind}:${id}` })
  if (!suppression) throw new channelErrors.AddressRefused({ channel })
  ctx.auditDetail = { channel, reason, masked: suppression.masked }
  return suppression
}

/** Takes an address off a list: it is written to again, until it bounces again. */
export async function removeSuppression(ctx: Ctx, list: SuppressionList, id: string): Promise<void> {
  const removed = await model.removeSuppression(ctx.db, tenantOf(ctx, list), id)
  if (!removed) throw new channelErrors.SuppressionNotFound()
  const { channel, masked, reason } = removed
  await ctx.emit(
    'notifications.suppression.removed',
    { suppressionId: id, channel },
    list === 'tenant' ? ctx.tenant.id : null,
  )
  ctx.auditDetail = { channel, reason, masked }
}

function tenantOf(ctx: Ctx, list: SuppressionList): string {
  return list === 'tenant' ? ctx.tenant.id : INSTALLATION
}

/** A text that is no address of the channel is on no list. */
function hashOf(ctx: Ctx, channel: AddressedChannel | undefined, address: string): string {
  const chosen = channel ?? guessChannel(address)
  const normal = normalAddress(chosen, address)
  return normal === null ? '' : addressHash(ctx, chosen, normal)
}

function guessChannel(address: string): AddressedChannel {
  if (address.startsWith('https:')) return 'push'
  return address.includes('@') ? 'email' : 'sms'
}
