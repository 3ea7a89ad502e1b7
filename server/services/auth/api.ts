/** All that other services may use of auth. */
export { loadIdentity } from './authenticators.js'
export { requireOwnSession, requireRecentAuth, requireSelf, requireUser } from './operations/guards.js'
export { publicUrl } from './state.js'
