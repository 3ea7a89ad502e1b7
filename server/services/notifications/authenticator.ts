import type { Authenticator } from '../../kernel/authenticator.js'
import { stateOf } from '../../kernel/resources.js'
import { readSubscriberIdentity } from './models/subscriber.js'
import { subscriberCache } from './state.js'
import { readSubscriberToken, SUBSCRIBER_PREFIX } from './subscriber-token.js'

/** Lets a tenant's end users read their own inbox and preferences with a token that the tenant's backend asked for. */
export const subscriberAuthenticator: Authenticator = {
  prefixes: [SUBSCRIBER_PREFIX],
  async authenticate(resources, credential) {
    const claims = readSubscriberToken(resources.secrets, credential, resources.now())
    if (!claims) return null
    const { tenantId, subscriberId } = claims
    const identity = await stateOf(resources, subscriberCache).get(`${tenantId}/${subscriberId}`, () =>
      readSubscriberIdentity(resources.db, tenantId, subscriberId),
    )
    if (!identity || (identity.tokensValidFrom && claims.issuedAt < identity.tokensValidFrom)) return null
    const tenant = { id: tenantId, slug: identity.tenantSlug, status: identity.tenantStatus }
    return { kind: 'subscriber', id: subscriberId, tenant, roles: [], scopes: null }
  },
}
