/** A limit a key carries under a name its users choose: at most `limit` units of cost in each window. */
export type NamedRateLimit = {
  readonly name: string
  readonly limit: number
  /** Window length in seconds. */
  readonly windowS: number
  /** Applied to every verification; otherwise only to one that names it. */
  readonly autoApply: boolean
}

/** A limit one verification must pass, and what the verification costs it. */
export type RateLimitDemand = { readonly limit: NamedRateLimit; readonly cost: number }

/** A limit that a request names, with the cost it wants to charge (1 where left out). */
export type NamedCost = { readonly name: string; readonly cost?: number | undefined }

/** How many named limits one key may carry. */
export const RATE_LIMITS_MAX = 20

/**
 * The limits a verification must pass: every automatic one, and each one asked for by name with its cost.
 * Naming an automatic limit sets its cost. A name the key does not carry is listed in `unknown`: a limit
 * that silently does not exist would be no limit at all.
 */
export function limitsToPass(
  carried: readonly NamedRateLimit[],
  asked: readonly NamedCost[],
): { demands: RateLimitDemand[]; unknown: string[] } {
  const costs = new Map(asked.map(({ name, cost }) => [name, cost ?? 1]))
  const demands = carried
    .filter(({ name, autoApply }) => autoApply || costs.has(name))
    .map((limit) => ({ limit, cost: costs.get(limit.name) ?? 1 }))
  const known = new Set(carried.map(({ name }) => name))
  return { demands, unknown: [...costs.keys()].filter((name) => !known.has(name)) }
}
