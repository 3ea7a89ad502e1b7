import type { Api, Page } from '../clients/api.js'
import type { ApiKey, CreatedKey, KeyUsage, KeyVerdict } from '../clients/resources.js'
import { CliError } from '../deployment/errors.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const KEYS = '/keys/v1/keys'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const pathOf = (id: string) => `${KEYS}/${encodeURIComponent(id)}`

/** What a new key may do and for how long. */
export interface NewKey {
  name: string
  scopes: string[]
  environment?: string
  expires_in_days?: number
  allowed_ips?: string[]
  credits?: number
  rate_limits?: RateLimit[]
}

/** Which keys to list. */
export interface KeyFilter {
  state?: string
  environment?: string
}

/** A named limit of a key: so many units in so many seconds. */
export interface RateLimit {
  name: string
  limit: number
  window_s: number
}

/** The keys of the tenant the client acts in; never a secret. */
export function listKeys(api: Api, page: PageRequest, filter: KeyFilter = {}): Promise<Page<ApiKey>> {
  return collectPages<ApiKey>(api, KEYS, page, { ...filter })
}

/** Creates a key. The answer is the only place where its secret ever appears. */
export function createKey(api: Api, key: NewKey): Promise<CreatedKey> {
  return api.post<CreatedKey>(KEYS, key)
}

/** One key by id, or by its name where exactly one key that still works has it. */
export async function findKey(api: Api, idOrName: string): Promise<ApiKey> {
  if (UUID.test(idOrName)) return api.get<ApiKey>(pathOf(idOrName))
  const { data } = await api.get<Page<ApiKey>>(KEYS, { name: idOrName, limit: 10 })
  const working = data.filter(({ state }) => state !== 'revoked' && state !== 'expired')
  const candidates = working.length > 0 ? working : data
  const [key, another] = candidates
  if (key && !another) return key
  throw new CliError({
    code: key ? 'key_name_ambiguous' : 'key_not_found',
    message: key ? `${candidates.length} keys are named ${idOrName}.` : `No key is named ${idOrName}.`,
    next: key
      ? `Give the id: ${candidates.map(({ id, state }) => `${id} (${state})`).join(', ')}`
      : 'See `vetrai keys list`.',
  })
}

/** Makes a successor; the old secret stays good for `graceS` seconds more. */
export function rotateKey(api: Api, id: string, graceS: number): Promise<CreatedKey> {
  return api.post<CreatedKey>(`${pathOf(id)}/rotate`, { grace_s: graceS })
}

/** Ends a key for good, everywhere within a second. Safe to repeat. */
export function revokeKey(api: Api, id: string): Promise<ApiKey> {
  return api.post<ApiKey>(`${pathOf(id)}/revoke`)
}

/** Asks whether a key is good for these scopes and this cost. The cost is spent when it is. */
export function verifyKey(
  api: Api,
  question: { key: string; scopes?: string[]; cost?: number },
): Promise<KeyVerdict> {
  return api.post<KeyVerdict>('/keys/v1/verify', question)
}

/** How much a key, or every key of the tenant, was used. */
export function keyUsage(
  api: Api,
  id: string | undefined,
  span: { bucket: string; from?: string; to?: string },
): Promise<KeyUsage> {
  return api.get<KeyUsage>(id === undefined ? '/keys/v1/usage' : `${pathOf(id)}/usage`, span)
}
