import { generateToken, parseToken } from '../../../kernel/token-format.js'

/** Opaque access tokens: long-lived, listed, revocable, made by a user for scripts. */
export const ACCESS_PREFIX = 'vtr_at_'
/** Refresh tokens: exchanged once for a new pair. */
export const REFRESH_PREFIX = 'vtr_rt_'

/** A new opaque access token; shown once, stored only as its hash. */
export function newAccessToken(): string {
  return generateToken(ACCESS_PREFIX)
}

/** A new refresh token; handed out once, stored only as its hash. */
export function newRefreshToken(): string {
  return generateToken(REFRESH_PREFIX)
}

/** Whether `text` has the form and checksum of an opaque access token. */
export function isAccessToken(text: string): boolean {
  return parseToken(text, [ACCESS_PREFIX]) !== null
}

/** Whether `text` has the form and checksum of a refresh token. */
export function isRefreshToken(text: string): boolean {
  return parseToken(text, [REFRESH_PREFIX]) !== null
}
