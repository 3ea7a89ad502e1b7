import type { PermissionMatrix } from '../../../kernel/permissions.js'
import type { ActiveTenant, KeyPrincipal, MembershipRole, Role } from '../../../kernel/principal.js'
import { intersectScopes } from '../../../kernel/scopes.js'
import type { Database } from '../../../storage/database.js'
import { parseAddressRange } from '../rules/address-list.js'
import type { Refill } from '../rules/credits.js'
import { grantsOfRoles } from '../rules/grants.js'
import type { KeyFacts } from '../rules/key-verdict.js'
import type { NamedRateLimit } from '../rules/rate-limits.js'

/** All that judging a key needs, read in one statement and never older than the cache's bound. */
export interface KeyIdentity {
  id: string
  name: string
  tenant: ActiveTenant
  ownerUserId: string | null
  environment: 'live' | 'test'
  lineageId: string
  facts: KeyFacts
  rateLimits: readonly NamedRateLimit[]
  /** Whether verifications spend credits, and how those are refilled. */
  credits: { refill: Refill | null } | null
  meta: Record<string, unknown>
  /** What the key is on this API. */
  principal: KeyPrincipal
}

interface Row extends Record<string, unknown> {
  id: string
  tenant_id: string
  name: string
  environment: 'live' | 'test'
  lineage_id: string
  owner_user_id: string | null
  ceiling_roles: Role[]
  scopes: string[]
  allowed_ips: string[] | null
  rate_limits: NamedRateLimit[]
  meta: Record<string, unknown>
  enabled: boolean
  expires_at: Date | null
  grace_until: Date | null
  revoked_at: Date | null
  slug: string
  tenant_status: ActiveTenant['status']
  owner_status: string | null
  owner_role: MembershipRole | null
  limited: boolean
  refill_interval: Refill['interval'] | null
  refill_amount: number | null
  refill_day: number | null
}

/**
 * Reads the key with this hash, whichever tenant it is of, with the standing of its tenant and owner as of now.
 * As vetrai_system: whose key it is, is what the caller wants to know.
 */
export async function loadIdentity(
  db: Database,
  matrix: PermissionMatrix,
  hash: string,
): Promise<KeyIdentity | null> {
  const [row] = await db.readSystem<Row>({
    name: 'keys-identity',
    text: `select k.id, k.tenant_id, k.name, k.environment, k.lineage_id, k.owner_user_id, k.ceiling_roles, k.scopes,
        k.allowed_ips, k.rate_limits, k.meta, k.enabled, k.expires_at, k.grace_until, k.revoked_at,
        t.slug, t.status as tenant_status, u.status as owner_status, m.role as owner_role,
        c.lineage_id is not null as limited, c.refill_interval, c.refill_amount, c.refill_day
      from api_keys k
      join tenants t on t.id = k.tenant_id
      left join users u on u.id = k.owner_user_id
      left join memberships m on m.tenant_id = k.tenant_id and m.user_id = k.owner_user_id
      left join api_key_credits c on c.tenant_id = k.tenant_id and c.lineage_id = k.lineage_id
      where k.hash = $1`,
    values: [hash],
  })
  return row ? identityOf(row, matrix) : null
}

function identityOf(row: Row, matrix: PermissionMatrix): KeyIdentity {
  const tenant: ActiveTenant = { id: row.tenant_id, slug: row.slug, status: row.tenant_status }
  const ownerStands = row.owner_user_id === null || (row.owner_status === 'active' && row.owner_role !== null)
  const roles = rolesOf(row)
  const scopes = intersectScopes(row.scopes, grantsOfRoles(matrix, roles))
  return {
    id: row.id,
    name: row.name,
    tenant,
    ownerUserId: row.owner_user_id,
    environment: row.environment,
    lineageId: row.lineage_id,
    facts: {
      enabled: row.enabled,
      revokedAt: row.revoked_at,
      expiresAt: row.expires_at,
      graceUntil: row.grace_until,
      ownerActive: ownerStands && tenant.status === 'active',
      scopes,
      allowedIps: row.allowed_ips?.flatMap((text) => parseAddressRange(text) ?? []) ?? null,
    },
    rateLimits: row.rate_limits,
    credits: row.limited ? { refill: refillOf(row) } : null,
    meta: row.meta,
    principal: {
      kind: 'key',
      id: row.id,
      tenant,
      roles,
      scopes,
      ownerId: row.owner_user_id,
      environment: row.environment,
    },
  }
}

/** A person's key has the role the person has now; a key of the organisation those recorded when it was made. */
function rolesOf(row: Row): Role[] {
  if (row.owner_user_id === null) return row.ceiling_roles
  return row.owner_status === 'active' && row.owner_role !== null ? [row.owner_role] : []
}

function refillOf(row: Row): Refill | null {
  const { refill_interval: interval, refill_amount: amount, refill_day: day } = row
  return interval === null || amount === null || day === null ? null : { interval, amount, day }
}
