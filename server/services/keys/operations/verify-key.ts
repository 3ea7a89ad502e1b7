import type { Ctx } from '../../../kernel/context.js'
import { kernelErrors } from '../../../kernel/errors.js'
import type { LimitState } from '../../../storage/limiter.js'
import { keyErrors } from '../errors.js'
import { findIdentity, keyRegistry } from '../key-registry.js'
import { spendCredits } from '../models/key-credits.js'
import type { KeyIdentity } from '../models/key-identity.js'
import { NOT_FOUND_VIEW, presentVerdict } from '../present.js'
import { judgeKey, type VerdictCode } from '../rules/key-verdict.js'
import { limitsToPass } from '../rules/rate-limits.js'
import type { VerifyKeyInput, VerifyView } from '../schemas.js'

interface Outcome {
  code: VerdictCode
  remaining: number | null
  ratelimit: VerifyView['ratelimit']
  /** Credits spent. */
  spent: number
}

/**
 * Says whether a key is good for these scopes and this cost, and spends the cost. Only keys of the caller's
 * own organisation are known here: any other text is answered alike. Nothing is counted or spent by a call
 * that a cheaper check refuses; warm, a key without credits and named limits costs no round trip at all.
 */
export function verifyKey(ctx: Ctx, input: VerifyKeyInput): Promise<VerifyView> | VerifyView {
  const found = findIdentity(ctx.resources, input.key)
  return found instanceof Promise
    ? found.then((identity) => answer(ctx, identity, input))
    : answer(ctx, found, input)
}

function answer(
  ctx: Ctx,
  identity: KeyIdentity | null,
  input: VerifyKeyInput,
): Promise<VerifyView> | VerifyView {
  if (!identity || identity.tenant.id !== ctx.tenant.id) return NOT_FOUND_VIEW
  // What a good one would count and spend may give way.
  const { current } = ctx.resources.maintenance
  if (current?.isTrial) throw new kernelErrors.Maintenance(current)
  const now = ctx.now()
  const code = judgeKey(identity.facts, { scopes: input.scopes, address: input.ip }, now)
  const plain = { code, remaining: null, ratelimit: [], spent: 0 }
  if (
    code !== 'VALID' ||
    (!identity.credits && identity.rateLimits.length === 0 && input.rate_limits.length === 0)
  ) {
    return conclude(ctx, identity, plain, now)
  }
  return countDown(ctx, identity, input, now).then((outcome) => conclude(ctx, identity, outcome, now))
}

/** Rate limits first, credits second: credits are money and must not be spent by a call that is refused. */
async function countDown(
  ctx: Ctx,
  identity: KeyIdentity,
  input: VerifyKeyInput,
  now: Date,
): Promise<Outcome> {
  const { states, allowed } = await passLimits(ctx, identity, input)
  const ratelimit = states.map(presentLimit)
  if (!allowed) return { code: 'RATE_LIMITED', remaining: null, ratelimit, spent: 0 }
  if (!identity.credits) return { code: 'VALID', remaining: null, ratelimit, spent: 0 }
  const key = { tenantId: identity.tenant.id, lineageId: identity.lineageId }
  const spend = await spendCredits(ctx.db, key, input.cost, identity.credits.refill, now)
  const code = spend.ok ? 'VALID' : 'USAGE_EXCEEDED'
  return { code, remaining: spend.remaining, ratelimit, spent: spend.ok ? input.cost : 0 }
}

async function passLimits(ctx: Ctx, identity: KeyIdentity, input: VerifyKeyInput) {
  const { demands, unknown } = limitsToPass(identity.rateLimits, input.rate_limits)
  if (unknown.length > 0) throw new keyErrors.UnknownLimit({ names: unknown })
  const states = await ctx.state(keyRegistry).limiter.take(
    demands.map(({ limit, cost }) => ({
      policy: limit.name,
      // The lineage, so that a rotated key and its successor share one allowance.
      subject: `keys:${identity.lineageId}`,
      quota: limit.limit,
      windowS: limit.windowS,
      cost,
    })),
  )
  return { states, allowed: states.every((state) => state.allowed) }
}

function conclude(ctx: Ctx, identity: KeyIdentity, outcome: Outcome, now: Date): VerifyView {
  ctx.state(keyRegistry).usage.record({
    tenantId: identity.tenant.id,
    keyId: identity.id,
    kind: 'verify',
    outcome: outcome.code,
    credits: outcome.spent,
    at: now.getTime(),
  })
  return presentVerdict(identity, outcome.code, outcome)
}

function presentLimit({
  policy,
  quota,
  remaining,
  resetS,
  allowed,
}: LimitState): VerifyView['ratelimit'][number] {
  return { name: policy, limit: quota, remaining, reset_s: resetS, exceeded: !allowed }
}
