import { defineState, type Resources, stateOf } from '../../kernel/resources.js'
import { FreshCache } from '../../storage/fresh-cache.js'
import { watchMemberships } from '../tenancy/api.js'
import { Keyring } from './jwt/keyring.js'
import { VerifiedTokenCache } from './jwt/verified-cache.js'
import type { AccessToken } from './models/access-token.js'
import type { Identity } from './models/identity.js'
import { CommonPasswords } from './passwords/common-list.js'
import { PasswordHasher } from './passwords/hashing.js'
import { hashSlots, WorkQueue } from './passwords/work-queue.js'

/** What the auth service keeps in a process. None of it is the truth; all of it may be lost. */
export interface AuthState {
  hasher: PasswordHasher
  keyring: Keyring
  /** `iss` of access tokens. */
  issuer: string
  verified: VerifiedTokenCache
  /** People by user id, at most 800 ms old. */
  identities: FreshCache<Identity>
  /** Opaque tokens by hash, at most 800 ms old. */
  accessTokens: FreshCache<AccessToken>
  /** Ends the watch on memberships, which are part of an identity. */
  unwatch: () => void
  /** Loaded at the first password that is set. */
  commonPasswords: () => CommonPasswords
}

const definition = defineState<AuthState>('auth', create, (state) => {
  state.unwatch()
  state.keyring.close()
  state.identities.close()
  state.accessTokens.close()
})

/** The auth service's state in this process. */
export function authState(resources: Resources): AuthState {
  return stateOf(resources, definition)
}

/** Where links in mails and the `iss` of tokens point: the public address, else where the server listens. */
export function publicUrl({ config }: Resources): string {
  const url = config.VETRAI_PUBLIC_URL ?? `http://${config.VETRAI_HOST}:${config.VETRAI_PORT}`
  return url.replace(/\/+$/, '')
}

function create(resources: Resources): AuthState {
  const { config, db, secrets, log, now, bus, metrics } = resources
  let common: CommonPasswords | undefined
  const verified = new VerifiedTokenCache()
  const identities = new FreshCache<Identity>({ name: 'auth-identity', bus, metrics })
  return {
    hasher: new PasswordHasher({
      pepper: secrets.key('password'),
      cost: config.AUTH_BCRYPT_COST,
      queue: new WorkQueue(hashSlots(config.AUTH_HASH_CONCURRENCY)),
    }),
    keyring: new Keyring({ db, secrets, log, now, bus, onRevoked: () => verified.clear() }),
    issuer: publicUrl(resources),
    verified,
    identities,
    unwatch: watchMemberships(resources, (userId) => identities.drop(userId)),
    accessTokens: new FreshCache<AccessToken>({ name: 'auth-token', bus, metrics }),
    commonPasswords: () => {
      common ??= CommonPasswords.shipped()
      return common
    },
  }
}
