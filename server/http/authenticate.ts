import type { IncomingMessage } from 'node:http'
import type { Authenticator, CredentialContext } from '../kernel/authenticator.js'
import { AppError } from '../kernel/define-errors.js'
import type { Access } from '../kernel/define-route.js'
import { kernelErrors } from '../kernel/errors.js'
import { INSTALLATION_ROLES, type Principal } from '../kernel/principal.js'
import type { Resources } from '../kernel/resources.js'
import type { Exchange } from './exchange.js'

/** The credential of a request: Bearer first, then X-API-Key; null when it sends none. */
export function credentialOf(request: IncomingMessage): string | null {
  const header = request.headers.authorization
  if (header !== undefined) {
    const space = header.indexOf(' ')
    if (space < 0 || header.slice(0, space).toLowerCase() !== 'bearer') return ''
    return header.slice(space + 1).trim()
  }
  const key = request.headers['x-api-key']
  return typeof key === 'string' ? key : null
}

/** Longest credential looked at, in characters; a JWT of ours is under 1,000. */
const CREDENTIAL_MAX = 4096

/** Turns a credential into a principal, by the authenticator its prefix belongs to; null for anything not good. */
export function authenticate(
  resources: Resources,
  credential: string,
  context: CredentialContext,
): Promise<Principal | null> | Principal | null {
  if (credential.length === 0 || credential.length > CREDENTIAL_MAX) return null
  const authenticator = authenticatorOf(resources.assembly.authenticators, credential)
  return authenticator ? authenticator.authenticate(resources, credential, context) : null
}

function authenticatorOf(all: readonly Authenticator[], credential: string): Authenticator | undefined {
  for (const authenticator of all) {
    for (const prefix of authenticator.prefixes) if (credential.startsWith(prefix)) return authenticator
  }
  return undefined
}

/**
 * Who sends a request: the principal of its credential, in the tenant that it chose; null where there is none or it is
 * not good. Nothing is chosen on open routes.
 */
export async function callerOf(
  resources: Resources,
  { request, ip }: Pick<Exchange, 'request' | 'ip'>,
  access: Access,
  again = false,
): Promise<Principal | null> {
  const credential = credentialOf(request)
  if (credential === null) return null
  const found = authenticate(resources, credential, { ip, again })
  const principal = found instanceof Promise ? await found : found
  const wanted = request.headers['x-tenant']
  if (!principal || access.kind === 'open' || typeof wanted !== 'string') return principal
  return chooseTenant(resources, principal, wanted)
}

/** Whether a request's credential still gives what it gave `before`: the same person or key, tenant and rights. */
export async function stillHolds(
  resources: Resources,
  exchange: Exchange,
  access: Access,
  before: Principal | null,
): Promise<boolean> {
  if (!before) return true
  try {
    const now = await callerOf(resources, exchange, access, true)
    return now === before || (now !== null && rightsOf(now) === rightsOf(before))
  } catch (thrown) {
    // Refused; anything else is not known, because the database is away.
    if (thrown instanceof AppError && thrown.status < 500) return false
    throw thrown
  }
}

function rightsOf({ kind, id, tenant, roles, scopes }: Principal): string {
  return JSON.stringify([kind, id, tenant?.id, tenant?.status, [...roles].sort(), scopes])
}

/**
 * The principal working in the tenant that X-Tenant names. Only installation roles may choose; anyone else may
 * repeat their own. Anything else answers like a tenant that does not exist.
 */
export async function chooseTenant(
  resources: Resources,
  principal: Principal,
  wanted: string,
): Promise<Principal> {
  const own = principal.tenant
  if (own && (own.id === wanted || own.slug === wanted)) return principal
  const roles = principal.roles.filter((role) => (INSTALLATION_ROLES as readonly string[]).includes(role))
  if (roles.length === 0 || wanted.length > 64) throw new kernelErrors.NotFound()
  const resolve = resources.assembly.services.find((service) => service.resolveTenant)?.resolveTenant
  const tenant = resolve ? await resolve(resources, wanted) : null
  if (!tenant) throw new kernelErrors.NotFound()
  // Roles of a membership elsewhere do not travel along.
  return { ...principal, tenant, roles }
}
