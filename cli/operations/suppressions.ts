import type { Api, Page } from '../clients/api.js'
import type { Suppression } from '../clients/resources.js'
import { CliError } from '../deployment/errors.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The list of a tenant, or the installation's own, which holds for every tenant and for mails about accounts. */
export type SuppressionList = 'tenant' | 'installation'

/** Which suppressions to list. */
export interface SuppressionFilter {
  channel?: string
  reason?: string
  address?: string
}

/** Addresses that are not written to; masked, because the server keeps no more of them. */
export function listSuppressions(
  api: Api,
  list: SuppressionList,
  page: PageRequest,
  filter: SuppressionFilter = {},
): Promise<Page<Suppression>> {
  return collectPages<Suppression>(api, pathOf(list), page, { ...filter })
}

/** Puts an address on the list. Safe to repeat: one that is there stays as it is. */
export function addSuppression(
  api: Api,
  list: SuppressionList,
  { address, channel, reason }: { address: string; channel?: string; reason?: string },
): Promise<Suppression> {
  const body = { address, channel: channel ?? channelOf(address), ...(reason ? { reason } : {}) }
  return api.post<Suppression>(pathOf(list), body)
}

/** One suppression by id, or by the very address it keeps from being written to. */
export async function findSuppression(
  api: Api,
  list: SuppressionList,
  idOrAddress: string,
): Promise<Suppression> {
  if (UUID.test(idOrAddress)) return api.get<Suppression>(`${pathOf(list)}/${idOrAddress}`)
  const { data } = await api.get<Page<Suppression>>(pathOf(list), { address: idOrAddress, limit: 1 })
  const [found] = data
  if (found) return found
  throw new CliError({
    code: 'suppression_not_found',
    message: `${idOrAddress} is not on the list of this ${list}.`,
    next: 'See `vetrai suppressions list`; with --tenant it is the list of that tenant.',
  })
}

/** Takes an address off the list: it is written to again. */
export async function removeSuppression(
  api: Api,
  list: SuppressionList,
  suppression: Suppression,
): Promise<Suppression & { removed: true }> {
  await api.delete(`${pathOf(list)}/${suppression.id}`)
  return { ...suppression, removed: true }
}

function pathOf(list: SuppressionList): string {
  return list === 'tenant' ? '/notifications/v1/suppressions' : '/notifications/v1/installation/suppressions'
}

/** What an address is for, where nobody says. */
function channelOf(address: string): string {
  if (address.startsWith('https:')) return 'push'
  return address.includes('@') ? 'email' : 'sms'
}
