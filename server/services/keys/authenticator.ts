import type { Authenticator, CredentialContext } from '../../kernel/authenticator.js'
import { kernelErrors } from '../../kernel/errors.js'
import type { Principal } from '../../kernel/principal.js'
import { type Resources, stateOf } from '../../kernel/resources.js'
import { findIdentity, KEY_PREFIXES, keyRegistry } from './key-registry.js'
import type { KeyIdentity } from './models/key-identity.js'
import { judgeKey } from './rules/key-verdict.js'

/** Lets API keys call this API. Within the cache's age bound it touches neither Redis nor PostgreSQL. */
export const keyAuthenticator: Authenticator = {
  prefixes: Object.values(KEY_PREFIXES),
  authenticate(resources, credential, context) {
    const identity = findIdentity(resources, credential)
    if (identity instanceof Promise) return identity.then((found) => admit(resources, found, context))
    return admit(resources, identity, context)
  },
}

/** Judges the key at this very moment and counts the call; null for any key that is not good. */
function admit(
  resources: Resources,
  identity: KeyIdentity | null,
  { ip, again }: CredentialContext,
): Principal | null {
  if (!identity) return null
  const now = resources.now()
  const code = judgeKey(identity.facts, { scopes: [], address: ip }, now)
  const { id: keyId, tenant } = identity
  const at = now.getTime()
  if (!again) {
    stateOf(resources, keyRegistry).usage.record({
      tenantId: tenant.id,
      keyId,
      kind: 'request',
      outcome: code,
      credits: 0,
      at,
    })
  }
  if (code === 'FORBIDDEN' && tenant.status === 'suspended') throw new kernelErrors.TenantSuspended()
  return code === 'VALID' ? identity.principal : null
}
