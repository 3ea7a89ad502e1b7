import { z } from 'zod'
import { isUuid } from '../../kernel/ids.js'
import { MEMBERSHIP_ROLES } from '../../kernel/principal.js'
import { email, id, jsonObject, page, shortText, slug, timestamp } from '../../kernel/schema.js'

/** Most bytes the settings of a tenant take as JSON. */
export const SETTINGS_MAX_BYTES = 16_384
/** Largest amount a quota counts to; sums of two stay exact in a double. */
const AMOUNT_MAX = 1_000_000_000_000_000
const RESERVATION_MAX_S = 86_400

const role = z.enum(MEMBERSHIP_ROLES)
const search = shortText({ max: 100 }).optional()
const instant = timestamp.nullable()

// An id in the place of a slug would let one tenant answer for another.
const newSlug = slug.refine((text) => !isUuid(text), 'must not look like an id')
const tenantName = shortText({ max: 100 })
const plan = z
  .string()
  .min(1)
  .max(40)
  .regex(
    /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/,
    'lower-case letters, digits, inner hyphens and underscores only',
  )
// JSON.stringify escapes what PostgreSQL's jsonb cannot hold: NUL and halves of surrogate pairs.
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/
const settings = jsonObject({ maxBytes: SETTINGS_MAX_BYTES }).refine(
  (value) => !UNSTORABLE.test(JSON.stringify(value)),
  'must not contain NUL or halves of surrogate pairs',
)

export const tenantParams = z.strictObject({
  tenantId: z.string().min(1).max(64).toLowerCase().describe('Id or slug of the tenant.'),
})

export const tenantView = z
  .strictObject({
    id: z.uuid(),
    slug: z.string(),
    name: z.string(),
    status: z.enum(['active', 'suspended', 'deleting']),
    plan: z.string(),
    settings: z.record(z.string(), z.unknown()).describe('Free-form; see /tenancy/v1/settings.'),
    created_at: timestamp,
    updated_at: timestamp,
    suspended_at: instant,
    suspended_reason: z.string().nullable(),
    delete_requested_at: instant,
    purge_after: instant.describe('Its data is removed for good some time after this.'),
  })
  .meta({ id: 'Tenant' })

export const createTenantBody = z.strictObject({
  slug: newSlug,
  name: tenantName.optional().describe('The slug when left out.'),
  plan: plan.optional().describe('Operators only; `free` when left out.'),
  settings: settings.optional(),
  owner_user_id: id('user who becomes org_admin')
    .optional()
    .describe('Operators only; others own what they create.'),
})
export type CreateTenantBody = z.infer<typeof createTenantBody>

export const updateTenantBody = z.strictObject({
  slug: newSlug.optional(),
  name: tenantName.optional(),
  plan: plan.optional().describe('Operators only.'),
})
export type UpdateTenantBody = z.infer<typeof updateTenantBody>

export const listTenantsQuery = z.strictObject({
  ...page,
  status: z.enum(['active', 'suspended', 'deleting']).optional(),
  q: search.describe('Part of the slug or the name.'),
})
export type ListTenantsQuery = z.infer<typeof listTenantsQuery>

export const deleteTenantQuery = z.strictObject({
  purge: z.literal('now').optional().describe('Removes the data at once, without grace. Operators only.'),
})

export const suspendBody = z.strictObject({ reason: shortText({ max: 200 }).optional() }).optional()

export const memberParams = z.strictObject({ userId: id('user') })

export const memberView = z
  .strictObject({
    user_id: z.uuid(),
    email: z.string(),
    name: z.string().nullable(),
    role,
    user_status: z.enum(['active', 'disabled']),
    created_at: timestamp.describe('Member since.'),
    updated_at: timestamp,
  })
  .meta({ id: 'Member' })

export const listMembersQuery = z.strictObject({
  ...page,
  role: role.optional(),
  q: search.describe('Part of the e-mail address or the name.'),
})
export type ListMembersQuery = z.infer<typeof listMembersQuery>

export const updateMemberBody = z.strictObject({ role })

const INVITATION_STATES = ['pending', 'accepted', 'revoked', 'expired'] as const
export type InvitationState = (typeof INVITATION_STATES)[number]

export const invitationParams = z.strictObject({ invitationId: id('invitation') })

export const invitationView = z
  .strictObject({
    id: z.uuid(),
    email: z.string(),
    role,
    state: z.enum(INVITATION_STATES),
    invited_by: z.uuid().nullable().describe('User who invited; null for API keys and people who are gone.'),
    mailed_at: instant.describe('When the newest mail went out; null until the first did.'),
    expires_at: timestamp,
    accepted_at: instant,
    revoked_at: instant,
    created_at: timestamp,
  })
  .meta({ id: 'Invitation' })

export const createInvitationBody = z.strictObject({ email, role: role.default('user') })
export type CreateInvitationBody = z.infer<typeof createInvitationBody>

export const listInvitationsQuery = z.strictObject({ ...page, state: z.enum(INVITATION_STATES).optional() })
export type ListInvitationsQuery = z.infer<typeof listInvitationsQuery>

export const invitationTokenBody = z.strictObject({
  token: z.string().min(1).max(128).describe('From the link in the mail.'),
})

export const acceptedView = z
  .strictObject({
    invitation_id: z.uuid(),
    tenant: z.strictObject({ id: z.uuid(), slug: z.string(), name: z.string() }),
    role,
  })
  .meta({ id: 'AcceptedInvitation' })

export const invitationGlanceView = z
  .strictObject({
    email: z.string(),
    role,
    tenant_name: z.string(),
    inviter: z.string(),
    expires_at: timestamp,
  })
  .meta({ id: 'InvitationGlance' })

export const settingsView = z.record(z.string(), z.unknown()).meta({ id: 'TenantSettings' })
export const settingsPatch = settings.describe(
  'JSON merge patch (RFC 7396): a member set to null is removed.',
)

const resource = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*$/, 'lower-case words joined by dots, hyphens or underscores')
  .describe('What is counted, e.g. `seats`, `tokens`, `storage.bytes`.')
const amount = z.int().min(1).max(AMOUNT_MAX)
const PERIODS = ['none', 'day', 'month'] as const
export type QuotaPeriod = (typeof PERIODS)[number]

export const quotaParams = z.strictObject({ resource })
export const reservationParams = z.strictObject({ resource, reservationId: id('reservation') })

export const quotaView = z
  .strictObject({
    resource: z.string(),
    limit: z.int().nullable().describe('null: counted, not bounded.'),
    used: z.int(),
    reserved: z.int(),
    remaining: z.int().nullable(),
    period: z.enum(PERIODS),
    resets_at: instant.describe('When `used` becomes 0 again; null without a period.'),
    updated_at: timestamp,
  })
  .meta({ id: 'Quota' })

export const listQuotasQuery = z.strictObject(page)

export const setQuotaBody = z.strictObject({
  limit: z.int().min(0).max(AMOUNT_MAX).nullable(),
  period: z
    .enum(PERIODS)
    .default('none')
    .describe('Periods begin at midnight UTC, months on their first day.'),
})
export type SetQuotaBody = z.infer<typeof setQuotaBody>

export const reserveBody = z.strictObject({
  amount,
  ttl_s: z
    .int()
    .min(1)
    .max(RESERVATION_MAX_S)
    .default(300)
    .describe('After so many seconds it is given back.'),
  reference: shortText({ max: 200 }).optional().describe('Your own word for what it is for.'),
})

const reservationId = id('reservation').optional()
const oneOf = 'give reservation_id, or amount without one'

export const commitBody = z
  .strictObject({
    reservation_id: reservationId,
    amount: z
      .int()
      .min(0)
      .max(AMOUNT_MAX)
      .optional()
      .describe('What was used; all that was reserved when left out.'),
  })
  .refine((body) => body.reservation_id !== undefined || (body.amount ?? 0) > 0, oneOf)
export type CommitBody = z.infer<typeof commitBody>

export const releaseBody = z
  .strictObject({ reservation_id: reservationId, amount: amount.optional() })
  .refine((body) => (body.reservation_id === undefined) !== (body.amount === undefined), oneOf)
export type ReleaseBody = z.infer<typeof releaseBody>

export const reservationView = z
  .strictObject({
    id: z.uuid(),
    resource: z.string(),
    amount: z.int(),
    state: z.enum(['held', 'committed', 'released', 'expired']),
    committed_amount: z.int().nullable(),
    reference: z.string().nullable(),
    expires_at: timestamp,
    created_at: timestamp,
  })
  .meta({ id: 'QuotaReservation' })

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString())

const chainOf = id('tenant')
  .optional()
  .describe('Operators only: the chain of this tenant, also of one that was purged.')

export const verifyAuditQuery = z.strictObject({ tenant_id: chainOf })

export const listAuditQuery = z.strictObject({
  ...page,
  tenant_id: chainOf,
  action: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[a-z0-9_.-]+\*?$/, 'an action, or its beginning followed by *')
    .optional()
    .describe('`key.revoked`, or `key.*` for all that begin so.'),
  actor: shortText({ max: 255 }).optional().describe('Id of who acted.'),
  target: shortText({ max: 255 }).optional().describe('Id of what was acted on.'),
  outcome: z.enum(['success', 'refused']).optional(),
  from: moment.optional().describe('At or after, RFC 3339.'),
  to: moment.optional().describe('Before, RFC 3339.'),
})
export type ListAuditQuery = z.infer<typeof listAuditQuery>

export const auditEntryView = z
  .strictObject({
    id: z.uuid(),
    sequence: z.int().describe('Place in the chain, from 1 without gaps.'),
    created_at: timestamp,
    action: z.string(),
    target: z.string().nullable(),
    outcome: z.enum(['success', 'refused']),
    actor: z.strictObject({
      kind: z.string(),
      id: z.string().nullable(),
      impersonator_id: z.string().nullable().describe('The operator who acted as this person.'),
    }),
    ip: z.string(),
    request_id: z.string(),
    detail: z.record(z.string(), z.unknown()),
    hash: z.string().describe('SHA-256 over this line and the hash before it, hexadecimal.'),
  })
  .meta({ id: 'AuditEntry' })

export const chainVerdictView = z
  .strictObject({
    ok: z.boolean(),
    checked: z.int().describe('Lines that follow from the ones before.'),
    broken_at: z
      .int()
      .nullable()
      .describe('Sequence of the first line that was changed, removed or cut off.'),
  })
  .meta({ id: 'AuditChainVerdict' })
