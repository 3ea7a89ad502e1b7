import { defineService } from '../../kernel/define-service.js'
import { accessTokenAuthenticator, jwtAuthenticator } from './authenticators.js'
import { authEvents } from './events.js'
import * as handlers from './handlers.js'
import { rotateSigningKeys } from './jobs/rotate-signing-keys.js'
import { sweepExpired } from './jobs/sweep.js'
import { sealedFactors } from './models/factor.js'
import { sealedOneTimeTokens } from './models/one-time-token.js'
import { sealedSigningKeys } from './models/signing-key.js'
import { seedOperator } from './operations/seed-operator.js'
import { authPolicy } from './policy.js'
import { routes } from './routes.js'
import { authState } from './state.js'

/** People: accounts, sign-in, sessions, tokens and second factors. */
export const auth = defineService({
  name: 'auth',
  summary: 'Accounts, sign-in, sessions, access tokens and second factors.',
  prefix: '/auth',
  needs: ['tenancy'],
  routes,
  jobs: [sweepExpired, rotateSigningKeys],
  policies: [authPolicy],
  sealed: [sealedFactors, sealedOneTimeTokens, sealedSigningKeys],
  authenticators: [jwtAuthenticator, accessTokenAuthenticator],
  events: authEvents,
  on: {
    'auth.token.requested': handlers.onTokenRequested,
    'auth.password.changed': handlers.onPasswordChanged,
    'auth.session.reused': handlers.onSessionReused,
    'auth.impersonation.started': handlers.onImpersonationStarted,
    'auth.account.locked': handlers.onAccountLocked,
    'auth.session.created': handlers.onSessionCreated,
    'auth.email.changed': handlers.onEmailChanged,
    'auth.factor.added': handlers.onFactorAdded,
    'auth.factor.removed': handlers.onFactorRemoved,
  },
  start: async (resources) => {
    await authState(resources).keyring.rotate()
    await seedOperator(resources)
  },
})
