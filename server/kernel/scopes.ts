/**
 * Scopes say what a credential may do: `resource:action` (`tenancy:read`), every action of a resource
 * (`tenancy:*`), or everything (`*`). Nothing else is a scope: no `*:read`, no nesting, no upper case.
 */

const PART = '[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*'
const PART_MAX = 40

/** The longest text that can be a scope, in characters. */
export const SCOPE_MAX_LENGTH = 2 * PART_MAX + 1

/** How many scopes one credential may carry. */
export const SCOPES_MAX = 100

/** The grammar of one scope; `parseScope` also bounds the length of each part. */
export const SCOPE_PATTERN = new RegExp(`^(?:\\*|${PART}:(?:\\*|${PART}))$`)

/** A scope taken apart; `*` in a place means everything there. */
export type Scope = { readonly resource: string; readonly action: string }

// Every request asks about the same few scopes: remembering them saves the pattern match on the hot path.
const parsed = new Map<string, Scope>()
const PARSED_MAX = 4096

/** Takes a scope apart, or answers undefined for anything outside the grammar or its bounds; never throws. */
export function parseScope(text: string): Scope | undefined {
  const known = parsed.get(text)
  if (known) return known
  const scope = readScope(text)
  if (scope) {
    if (parsed.size >= PARSED_MAX) parsed.clear()
    parsed.set(text, scope)
  }
  return scope
}

function readScope(text: string): Scope | undefined {
  if (text.length > SCOPE_MAX_LENGTH || !SCOPE_PATTERN.test(text)) return undefined
  if (text === '*') return { resource: '*', action: '*' }
  const colon = text.indexOf(':')
  const [resource, action] = [text.slice(0, colon), text.slice(colon + 1)]
  return resource.length > PART_MAX || action.length > PART_MAX ? undefined : { resource, action }
}

/** Whether the text is a scope. */
export function isScope(text: string): boolean {
  return parseScope(text) !== undefined
}

/**
 * Whether holding `granted` allows all that `wanted` names. A wanted wildcard is covered only by a wildcard
 * at least as wide; text that is not a scope covers nothing and is covered by nothing.
 */
export function scopeCovers(granted: string, wanted: string): boolean {
  const [have, want] = [parseScope(granted), parseScope(wanted)]
  if (!have || !want) return false
  if (have.resource === '*') return true
  return have.resource === want.resource && (have.action === '*' || have.action === want.action)
}

/** Whether every wanted scope is covered by one of the granted ones, so that the wanted set is never wider. */
export function isSubset(granted: Iterable<string>, wantedScopes: Iterable<string>): boolean {
  const have = [...granted]
  for (const want of wantedScopes) if (!have.some((scope) => scopeCovers(scope, want))) return false
  return true
}

/**
 * The widest set that both sides allow: what a key may still do once its owner's role has shrunk. Each
 * scope of the answer is covered by both sides; the answer is sorted and holds no scope another one covers.
 */
export function intersectScopes(left: Iterable<string>, right: Iterable<string>): string[] {
  const others = [...right]
  const both: string[] = []
  for (const a of left) {
    for (const b of others) {
      if (scopeCovers(a, b)) both.push(b)
      else if (scopeCovers(b, a)) both.push(a)
    }
  }
  return compactScopes(both)
}

/** The same permissions in the fewest scopes, sorted: duplicates and covered scopes are dropped. */
export function compactScopes(scopes: Iterable<string>): string[] {
  const unique = [...new Set(scopes)].filter(isScope)
  return unique
    .filter((scope) => !unique.some((other) => other !== scope && scopeCovers(other, scope)))
    .sort()
}

/**
 * Whether a set of granted scopes allows one concrete scope: the same answer as `scopeCovers` for each of
 * them, by at most three look-ups. The set must hold scopes that were parsed when they were stored.
 */
export function holdsScope(granted: ReadonlySet<string>, wanted: string): boolean {
  if (
    !granted.has(wanted) &&
    !granted.has('*') &&
    !granted.has(`${wanted.slice(0, wanted.indexOf(':'))}:*`)
  ) {
    return false
  }
  return isScope(wanted)
}
