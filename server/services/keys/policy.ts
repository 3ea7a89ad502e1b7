import { definePolicy } from '../../kernel/define-policy.js'
import type { Principal } from '../../kernel/principal.js'
import type { ApiKey } from './models/api-key.js'

type Owned = Pick<ApiKey, 'ownerUserId'>

/** Whether a caller manages all keys of its organisation, not just its own. */
export function managesAllKeys(actor: Principal): boolean {
  return actor.kind === 'system' || actor.roles.includes('org_admin') || actor.roles.includes('super_admin')
}

/** The person behind a caller: whom a key it makes for itself would belong to. */
export function personOf(actor: Principal): string | null {
  if (actor.kind === 'user') return actor.id
  return actor.kind === 'key' ? actor.ownerId : null
}

/** Whether a caller acts as somebody else. What it makes would outlive the time it was given. */
export function impersonates(actor: Principal): boolean {
  return actor.kind === 'user' && actor.impersonatorId !== null
}

/** Whether a caller may know that a key exists: managers and support see all, everybody else their own. */
export function canSeeKey(actor: Principal, key: Owned): boolean {
  return managesAllKeys(actor) || actor.roles.includes('support_agent') || owns(actor, key)
}

function owns(actor: Principal, key: Owned): boolean {
  return key.ownerUserId !== null && key.ownerUserId === personOf(actor)
}

/** Object rules: administrators of the organisation change every key, everybody else their own. */
export const keyPolicy = definePolicy<Owned>('keys', {
  'keys.read': ({ actor, target }) => canSeeKey(actor, target),
  'keys.usage': ({ actor, target }) => canSeeKey(actor, target),
  'keys.manage': ({ actor, target }) => managesAllKeys(actor) || owns(actor, target),
})
