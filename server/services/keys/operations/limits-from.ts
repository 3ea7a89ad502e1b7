import type { NamedRateLimit } from '../rules/rate-limits.js'
import type { CreateKeyInput } from '../schemas.js'

/** Named rate limits as the rules know them, from their wire form. */
export function limitsFrom(list: CreateKeyInput['rate_limits']): NamedRateLimit[] {
  return list.map(({ name, limit, window_s, auto_apply }) => ({
    name,
    limit,
    windowS: window_s,
    autoApply: auto_apply,
  }))
}
