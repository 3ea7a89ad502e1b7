import * as Flags from '@oclif/core/flags'
import type { RateLimit } from '../operations/keys.js'
import { usageError } from './usage-error.js'

/** `--rate-limit NAME=LIMIT/SECONDS`, as often as wanted. */
export const rateLimitFlag = Flags.string({
  description: 'a named limit: so many units in so many seconds; may be repeated',
  env: 'VETRAI_RATE_LIMIT',
  helpValue: 'NAME=LIMIT/SECONDS',
  multiple: true,
  multipleNonGreedy: true,
})

/** Reads `requests=100/60` as 100 units in 60 seconds under the name `requests`. */
export function parseRateLimit(text: string): RateLimit {
  const [, name, limit, window] = /^([a-z][a-z0-9_-]*)=(\d+)\/(\d+)$/.exec(text) ?? []
  if (name && limit && window) return { name, limit: Number(limit), window_s: Number(window) }
  throw usageError(`"${text}" is not a rate limit.`, 'Write it NAME=LIMIT/SECONDS, such as requests=100/60.')
}
