import type { Ctx } from '../../../kernel/context.js'
import { judge, type Verdict } from '../../../kernel/permissions.js'
import type { Principal } from '../../../kernel/principal.js'
import { loadIdentity } from '../authenticators.js'
import { authErrors } from '../errors.js'
import { membershipIn } from '../models/identity.js'
import { findVisibleUser } from './find-user.js'

export interface Explanation extends Verdict {
  permission: string
  /** One sentence for a person. */
  explanation: string
  /** What would have to change; null when it is allowed. */
  remedy: string | null
  principal: Principal
  row: { may: string; level: string; roles: readonly string[]; scope: string | null } | null
}

/**
 * Judges a permission as a request would and says why, without doing anything: for the caller, or for a person
 * whose account the caller may see. Object rules (is it theirs?) are not asked: there is no object here.
 */
export async function explain(
  ctx: Ctx,
  { permission, userId }: { permission: string; userId?: string | undefined },
): Promise<Explanation> {
  const principal = userId === undefined ? ctx.principal : await principalOf(ctx, userId)
  const matrix = ctx.resources.assembly.permissions
  const row = matrix[permission] ?? null
  const verdict = judge(matrix, principal, permission)
  const words = WORDS[verdict.reason]({ principal, row, permission })
  return { ...verdict, permission, explanation: words[0], remedy: words[1], principal, row }
}

async function principalOf(ctx: Ctx, userId: string): Promise<Principal> {
  await findVisibleUser(ctx, userId, 'auth.users.read')
  const identity = await loadIdentity(ctx.resources, userId)
  if (!identity) throw new authErrors.UserNotFound()
  const membership = membershipIn(identity, ctx.principal.tenant?.id)
  return {
    kind: 'user',
    via: 'jwt',
    id: identity.id,
    email: identity.email,
    tenant: membership?.tenant ?? null,
    roles: [identity.installationRole, membership?.role].filter(
      (role) => role !== null && role !== undefined,
    ),
    scopes: null,
    sessionId: null,
    aal: 1,
    hasFactor: identity.hasFactor,
    authenticatedAt: 0,
    impersonatorId: null,
  }
}

interface Facts {
  principal: Principal
  row: Explanation['row']
  permission: string
}

const WORDS: Record<Verdict['reason'], (facts: Facts) => [explanation: string, remedy: string | null]> = {
  granted: ({ row, principal }) => [
    row?.level === 'self'
      ? 'Everyone may do this to their own account.'
      : `Granted by ${held(principal, row?.roles)}.`,
    null,
  ],
  unknown_permission: ({ permission }) => [
    `There is no permission "${permission.slice(0, 100)}".`,
    'Look up the name in the role × permission matrix of the documentation.',
  ],
  role: ({ principal, row }) => [
    `This needs one of the roles ${list(row?.roles)}; held ${principal.tenant ? `in "${principal.tenant.slug}"` : 'without an organisation'}: ${list(principal.roles)}.`,
    'Ask an administrator of the organisation for one of those roles, or switch to an organisation where you have it.',
  ],
  scope: ({ principal, row }) => [
    row?.scope
      ? `The credential is narrowed to ${list(principal.scopes)}, and this needs "${row.scope}".`
      : `The credential is narrowed to ${list(principal.scopes)}, and no scope includes this.`,
    row?.scope
      ? `Use a credential whose scopes include "${row.scope}".`
      : 'Use an access token that is not narrowed.',
  ],
  not_for_keys: () => ['API keys can never do this.', 'Sign in as a person.'],
  no_tenant: () => [
    'This works inside one organisation, and the credential names none.',
    'Choose one with POST /auth/v1/switch, or with the X-Tenant header (installation roles only).',
  ],
  tenant_suspended: ({ principal }) => [
    `The organisation "${principal.tenant?.slug ?? ''}" is not active.`,
    'Contact the operator of this installation.',
  ],
}

function held(principal: Principal, wanted: readonly string[] = []): string {
  const roles = principal.roles.filter((role) => wanted.includes(role))
  return roles.length > 0 ? `the role ${list(roles)}` : 'the server itself'
}

function list(words: readonly string[] | null | undefined): string {
  return words && words.length > 0 ? words.map((word) => `"${word}"`).join(', ') : 'none'
}
