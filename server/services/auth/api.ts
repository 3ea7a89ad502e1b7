/** All that other services may use of auth. */
export { loadIdentity } from './authenticators.js'
export { authErrors } from './errors.js'
export { requireOwnSession, requireRecentAuth, requireSelf, requireUser } from './operations/guards.js'
export { requireOwnAddress } from './operations/own-address.js'
export { publicUrl } from './state.js'
