import type { Principal } from './principal.js'

/** What a rule may look at: who acts, and the loaded object. No database, no clock of its own. */
export interface PolicyInput<T> {
  actor: Principal
  target: T
  now: Date
}

export type PolicyRule<T> = (input: PolicyInput<T>) => boolean

/** Object rules of one service, keyed by permission name. Judged after the role matrix; missing means "the matrix decides". */
export interface PolicyRecord {
  service: string
  rules: Readonly<Record<string, PolicyRule<never>>>
}

/** Declares the object rules of a service: pure sentences about loaded objects. */
export function definePolicy<T>(service: string, rules: Record<string, PolicyRule<T>>): PolicyRecord {
  return { service, rules: rules as unknown as Record<string, PolicyRule<never>> }
}
