/** All that other services may use of auth. */
export { loadIdentity } from './authenticators.js'
export type { Identity, MembershipFact } from './models/identity.js'
export { requireOwnSession, requireRecentAuth, requireSelf, requireUser } from './operations/guards.js'
export { forgetIdentity } from './operations/open-session.js'
export { publicUrl } from './state.js'
