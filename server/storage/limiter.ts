import type { RedisClient } from './redis.js'

/** A quota of `quota` units in each window of `windowS` seconds; the window opens with its first unit. */
export interface Limit {
  /** Name in headers and answers. */
  policy: string
  /** Whom it counts, e.g. `key:0190…` or `ip:2001:db8::/64`. */
  subject: string
  quota: number
  windowS: number
  cost?: number
}

export interface LimitState {
  policy: string
  allowed: boolean
  quota: number
  windowS: number
  remaining: number
  /** Whole seconds until the window ends, at least 1. */
  resetS: number
}

const SCRIPT = `
local out, ok = {}, 1
for i = 1, #KEYS do
  local quota, window, cost = tonumber(ARGV[i*3-2]), tonumber(ARGV[i*3-1]), tonumber(ARGV[i*3])
  local used = tonumber(redis.call('GET', KEYS[i]) or '0')
  if used + cost > quota then ok = 0 out[i] = {0, used} else out[i] = {1, used} end
end
for i = 1, #KEYS do
  local quota, window, cost = tonumber(ARGV[i*3-2]), tonumber(ARGV[i*3-1]), tonumber(ARGV[i*3])
  local used = out[i][2]
  local ttl = -2
  if ok == 1 and cost > 0 then
    used = redis.call('INCRBY', KEYS[i], cost)
    if used == cost then redis.call('PEXPIRE', KEYS[i], window) ttl = window end
  end
  if ttl < 0 then ttl = redis.call('PTTL', KEYS[i]) end
  if ttl == -1 then redis.call('PEXPIRE', KEYS[i], window) ttl = window end
  if ttl < 0 then ttl = window end
  out[i][2] = math.max(0, quota - used)
  out[i][3] = ttl
end
return out`

type ScriptAnswer = [allowed: number, remaining: number, ttlMs: number][]
type Scripted = RedisClient & {
  vetraiLimit(count: number, ...args: (string | number)[]): Promise<ScriptAnswer>
}

interface LocalWindow {
  used: number
  endsAt: number
}

/** Share of a quota one process grants by itself while Redis is away: never more than half, at least one. */
const FALLBACK_SHARE = 0.5

/** Most windows one process remembers while Redis is away. */
const LOCAL_MAX = 50_000

/**
 * Counts use exactly, for all processes together, in one round trip: a script in Redis takes all given limits
 * or none. While Redis is away each process counts by itself against half of each quota.
 */
export class Limiter {
  readonly #redis: Scripted
  readonly #local = new Map<string, LocalWindow>()
  readonly #onFallback: () => void

  constructor(redis: RedisClient, onFallback: () => void = () => undefined) {
    redis.defineCommand('vetraiLimit', { lua: SCRIPT })
    this.#redis = redis as Scripted
    this.#onFallback = onFallback
  }

  /** Takes the cost from every limit, or from none when one would be exceeded. Never rejects. */
  async take(limits: readonly Limit[]): Promise<LimitState[]> {
    if (limits.length === 0) return []
    if (this.#redis.status !== 'ready') return this.#takeLocally(limits)
    try {
      const args: (string | number)[] = []
      for (const limit of limits) args.push(`rl:{${limit.subject}}:${limit.policy}`)
      for (const limit of limits) args.push(limit.quota, limit.windowS * 1000, limit.cost ?? 1)
      const answers = await this.#redis.vetraiLimit(limits.length, ...args)
      return limits.map((limit, i) => {
        const [allowed, remaining, ttlMs] = answers[i] ?? [0, 0, limit.windowS * 1000]
        return stateOf(limit, allowed === 1, remaining, ttlMs)
      })
    } catch {
      return this.#takeLocally(limits)
    }
  }

  #takeLocally(limits: readonly Limit[]): LimitState[] {
    this.#onFallback()
    const now = Date.now()
    if (this.#local.size + limits.length > LOCAL_MAX) this.#makeRoom(now)
    const windows = limits.map((limit) => this.#window(limit, now))
    const fits = limits.map((limit, i) => (windows[i]?.used ?? 0) + (limit.cost ?? 1) <= shareOf(limit))
    const all = fits.every(Boolean)
    return limits.map((limit, i) => {
      const window = windows[i] ?? { used: 0, endsAt: now }
      if (all) window.used += limit.cost ?? 1
      return stateOf(limit, fits[i] ?? false, Math.max(0, shareOf(limit) - window.used), window.endsAt - now)
    })
  }

  #window(limit: Limit, now: number): LocalWindow {
    const key = `${limit.subject}\n${limit.policy}`
    let window = this.#local.get(key)
    if (!window || window.endsAt <= now) {
      window = { used: 0, endsAt: now + limit.windowS * 1000 }
      this.#local.set(key, window)
    }
    return window
  }

  /** Forgets ended windows and, when all are running, the oldest tenth: memory stays bounded under any flood. */
  #makeRoom(now: number): void {
    for (const [key, window] of this.#local) if (window.endsAt <= now) this.#local.delete(key)
    let surplus = this.#local.size - LOCAL_MAX * 0.9
    for (const key of this.#local.keys()) {
      if (surplus-- <= 0) break
      this.#local.delete(key)
    }
  }
}

function shareOf(limit: Limit): number {
  return Math.max(1, Math.floor(limit.quota * FALLBACK_SHARE))
}

function stateOf(limit: Limit, allowed: boolean, remaining: number, ttlMs: number): LimitState {
  const { policy, quota, windowS } = limit
  return { policy, allowed, quota, windowS, remaining, resetS: Math.max(1, Math.ceil(ttlMs / 1000)) }
}
