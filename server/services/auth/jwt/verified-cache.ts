import type { AccessClaims } from './access-token.js'

/**
 * Remembers tokens whose signature was checked, keyed by the whole token: a part of it, such as its beginning, is
 * the same for many tokens. Holds `size` at most, dropping the one unused for longest. It says nothing on whether
 * the session still lives: that is asked on every request.
 */
export class VerifiedTokenCache {
  private readonly entries = new Map<string, AccessClaims>()

  constructor(private readonly size = 5_000) {}

  /** The claims of a token checked before and unexpired at `now`, else undefined. */
  get(token: string, now: Date): AccessClaims | undefined {
    const claims = this.entries.get(token)
    if (claims === undefined) return undefined
    this.entries.delete(token)
    if (claims.exp * 1000 <= now.getTime()) return undefined
    // Re-inserted at the end: a Map iterates in insertion order, so its first entry is the least recently used.
    this.entries.set(token, claims)
    return claims
  }

  /** Remembers a token that was just verified. */
  set(token: string, claims: AccessClaims): void {
    this.entries.delete(token)
    this.entries.set(token, claims)
    if (this.entries.size <= this.size) return
    const oldest = this.entries.keys().next()
    if (!oldest.done) this.entries.delete(oldest.value)
  }

  /** Forgets every token: one of the keys they may be signed with is trusted no more. */
  clear(): void {
    this.entries.clear()
  }

  get count(): number {
    return this.entries.size
  }
}
