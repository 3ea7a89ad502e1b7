import { defineService } from '../../kernel/define-service.js'
import { keyAuthenticator } from './authenticator.js'
import { keyEvents } from './events.js'
import { pruneUsage } from './jobs/prune-usage.js'
import { tellExpiring } from './jobs/tell-expiring.js'
import { revokeKeysOfMember, revokeKeysOfUser } from './operations/revoke-keys-of-person.js'
import { keyPolicy } from './policy.js'
import { routes } from './routes.js'

/** API keys: made, limited, verified, counted, rotated and revoked. */
export const keys = defineService({
  name: 'keys',
  summary: 'API keys with scopes, limits, credits and usage, and the question whether a key is good.',
  prefix: '/keys',
  needs: ['tenancy', 'auth'],
  events: keyEvents,
  on: { 'tenancy.member.removed': revokeKeysOfMember, 'auth.user.deleted': revokeKeysOfUser },
  routes,
  jobs: [pruneUsage, tellExpiring],
  policies: [keyPolicy],
  authenticators: [keyAuthenticator],
})
