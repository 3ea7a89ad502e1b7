import type { Principal } from './principal.js'
import type { Resources } from './resources.js'

/** What an authenticator may know of the request. */
export interface CredentialContext {
  /** Canonical client address. */
  ip: string
  /** The credential of a stream that is open is looked at once more: no further call that anybody counts. */
  again?: boolean
}

/**
 * Turns one family of credentials into a principal. Answers null for anything not good (unknown, expired,
 * revoked): the caller learns no more. Throws only when it cannot know (database away). It may answer
 * synchronously when its cache is fresh; what it answers must be no older than `FRESH_MS`.
 */
export interface Authenticator {
  /** Credentials that begin with one of these are its own, e.g. `vtr_live_`. */
  prefixes: readonly string[]
  authenticate(
    resources: Resources,
    credential: string,
    context: CredentialContext,
  ): Promise<Principal | null> | Principal | null
}
