import type { Ctx } from '../../kernel/context.js'
import { defineState, type Resources, stateOf } from '../../kernel/resources.js'
import { parseToken } from '../../kernel/token-format.js'
import { FreshCache } from '../../storage/fresh-cache.js'
import { Limiter } from '../../storage/limiter.js'
import { type KeyIdentity, loadIdentity } from './models/key-identity.js'
import { storeUsage } from './models/key-usage.js'
import { KeyedHash } from './rules/keyed-hash.js'
import { UsageBuffer } from './usage/usage-buffer.js'

/** What every key begins with, by environment. */
export const KEY_PREFIXES = { live: 'vtr_live_', test: 'vtr_test_' } as const
const PREFIXES = Object.values(KEY_PREFIXES)

/** With the time of one write: the most use that a crash of the process forgets, in milliseconds. */
export const USAGE_FLUSH_MS = 2_000
const USAGE_ROWS_MAX = 5_000

/** What the service keeps in each process: identities seen lately, counters not yet written, the limiter. */
export const keyRegistry = defineState(
  'keys.registry',
  (resources) => ({
    identities: new FreshCache<KeyIdentity>({
      name: 'api-key',
      bus: resources.bus,
      metrics: resources.metrics,
    }),
    usage: new UsageBuffer({
      sink: (batch) => storeUsage(resources.db, batch),
      intervalMs: USAGE_FLUSH_MS,
      maxRows: USAGE_ROWS_MAX,
      onError: (err) =>
        resources.log.warn({ err }, 'usage of API keys could not be written yet; it is kept and tried again'),
    }),
    hashed: new KeyedHash(resources.secrets.key('api-key')),
    limiter: new Limiter(resources.redis, () => resources.metrics.limiterFallback.inc()),
  }),
  async ({ usage, identities }) => {
    identities.close()
    await usage.close()
  },
)

/**
 * The key with this text, or null when there is none. Text with a wrong checksum is refused without asking
 * anybody; a key seen within the cache's age bound is answered at once, without a promise.
 */
export function findIdentity(
  resources: Resources,
  keyText: string,
): Promise<KeyIdentity | null> | KeyIdentity | null {
  if (parseToken(keyText, PREFIXES) === null) return null
  const { identities, hashed } = stateOf(resources, keyRegistry)
  const hash = hashed.of(keyText)
  const known = identities.peek(hash)
  if (known !== undefined) return known
  return identities.get(hash, () => loadIdentity(resources.db, resources.assembly.permissions, hash))
}

/** What is stored instead of a key: HMAC-SHA-256 under a pepper derived from the master secret. */
export function hashKey(ctx: Ctx, keyText: string): string {
  return ctx.state(keyRegistry).hashed.of(keyText)
}

/** Has every process read the key anew from the moment the open transaction commits. */
export function forgetAfterCommit(ctx: Ctx, hash: string): void {
  ctx.afterCommit(() => ctx.state(keyRegistry).identities.drop(hash))
}
