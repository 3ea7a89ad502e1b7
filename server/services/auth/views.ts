import { z } from 'zod'
import { INSTALLATION_ROLES, MEMBERSHIP_ROLES, ROLES } from '../../kernel/principal.js'
import { id, listOf, timestamp } from '../../kernel/schema.js'

const membershipView = z
  .strictObject({
    tenant_id: id('tenant'),
    slug: z.string(),
    name: z.string(),
    status: z.enum(['active', 'suspended', 'deleting']),
    role: z.enum(MEMBERSHIP_ROLES),
  })
  .meta({ id: 'Membership' })

const userFields = {
  id: id('user'),
  email: z.string(),
  email_verified: z.boolean(),
  name: z.string().nullable(),
  status: z.enum(['active', 'disabled']),
  installation_role: z.enum(INSTALLATION_ROLES).nullable(),
  last_login_at: timestamp.nullable(),
  created_at: timestamp,
}

export const userView = z
  .strictObject({
    ...userFields,
    has_password: z.boolean(),
    role: z.enum(MEMBERSHIP_ROLES).nullable().describe('Role in the organisation you act in.'),
  })
  .meta({ id: 'User' })
export const userList = listOf(userView)

export const meView = z
  .strictObject({
    ...userFields,
    mfa_enabled: z.boolean(),
    roles: z.array(z.enum(ROLES)).describe('What the credential may do now, in the present organisation.'),
    scopes: z.array(z.string()).nullable(),
    tenant: z.strictObject({ id: id('tenant'), slug: z.string(), status: z.string() }).nullable(),
    memberships: z.array(membershipView),
    session: z
      .strictObject({
        id: id('session'),
        aal: z.int(),
        authenticated_at: timestamp,
        impersonator_id: id('user').nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Me' })

export const accessTokenFields = {
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('Seconds until the access token expires.'),
}

export const tokensView = z
  .strictObject({ ...accessTokenFields, refresh_token: z.string(), session_id: id('session') })
  .meta({ id: 'Tokens' })

const sessionUserView = z
  .strictObject({
    id: id('user'),
    email: z.string(),
    name: z.string().nullable(),
    installation_role: z.enum(INSTALLATION_ROLES).nullable(),
    memberships: z.array(membershipView),
  })
  .meta({ id: 'SignedInUser' })

export const signedInView = z
  .strictObject({
    ...accessTokenFields,
    refresh_token: z.string(),
    session_id: id('session'),
    user: sessionUserView,
  })
  .meta({ id: 'SignedIn' })

export const mfaRequiredView = z
  .strictObject({
    mfa_required: z.literal(true),
    mfa_token: z.string().describe('Give it with the code to POST /auth/v1/login/mfa.'),
    expires_in: z.int(),
    factors: z.array(z.strictObject({ id: id('factor'), kind: z.literal('totp'), name: z.string() })),
  })
  .meta({ id: 'MfaRequired' })

export const loginResult = z.union([signedInView, mfaRequiredView])

export const sessionView = z
  .strictObject({
    id: id('session'),
    current: z.boolean(),
    ip: z.string(),
    user_agent: z.string().nullable(),
    tenant_id: id('tenant').nullable(),
    aal: z.int(),
    impersonated: z.boolean(),
    authenticated_at: timestamp,
    last_used_at: timestamp,
    expires_at: timestamp,
    created_at: timestamp,
  })
  .meta({ id: 'Session' })
export const sessionList = listOf(sessionView)

export const accessTokenView = z
  .strictObject({
    id: id('token'),
    name: z.string(),
    last4: z.string(),
    tenant_id: id('tenant').nullable(),
    scopes: z.array(z.string()).nullable(),
    expires_at: timestamp.nullable(),
    last_used_at: timestamp.nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'AccessToken' })
export const accessTokenList = listOf(accessTokenView)
export const createdTokenView = z
  .strictObject({ ...accessTokenView.shape, token: z.string().describe('Shown this once.') })
  .meta({ id: 'CreatedAccessToken' })

export const factorView = z
  .strictObject({
    id: id('factor'),
    kind: z.literal('totp'),
    name: z.string(),
    confirmed: z.boolean(),
    created_at: timestamp,
  })
  .meta({ id: 'Factor' })
export const factorList = z
  .strictObject({
    data: z.array(factorView),
    next_cursor: z.null(),
    has_more: z.boolean(),
    recovery_codes_left: z.int(),
  })
  .meta({ id: 'FactorList' })
export const createdFactorView = z
  .strictObject({
    ...factorView.shape,
    secret: z.string().describe('Base32; shown this once.'),
    otpauth_uri: z.string().describe('For a QR code; shown this once.'),
  })
  .meta({ id: 'CreatedFactor' })
export const verifiedFactorView = z
  .strictObject({
    ...factorView.shape,
    recovery_codes: z.array(z.string()).nullable().describe('With the first factor; shown this once.'),
  })
  .meta({ id: 'VerifiedFactor' })
export const recoveryCodesView = z
  .strictObject({
    recovery_codes: z.array(z.string()).describe('Shown this once; earlier ones are worthless.'),
  })
  .meta({ id: 'RecoveryCodes' })

export const acceptedView = z
  .strictObject({ status: z.enum(['mail_sent_if_needed', 'account_made']), detail: z.string() })
  .meta({ id: 'MailAccepted' })
export const verifiedView = z
  .strictObject({ status: z.literal('verified'), user_id: id('user'), email: z.string() })
  .meta({ id: 'EmailVerified' })
export const switchedView = z
  .strictObject({
    ...accessTokenFields,
    tenant: z.strictObject({ id: id('tenant'), slug: z.string(), role: z.enum(MEMBERSHIP_ROLES) }),
  })
  .meta({ id: 'SwitchedTenant' })
export const impersonationView = z
  .strictObject({
    ...accessTokenFields,
    session_id: id('session'),
    user: z.strictObject({ id: id('user'), email: z.string(), name: z.string().nullable() }),
  })
  .meta({ id: 'Impersonation' })
export const endedView = z.strictObject({ sessions: z.int(), tokens: z.int() }).meta({ id: 'EndedSessions' })
export const reauthenticatedView = z
  .strictObject({ authenticated_at: timestamp })
  .meta({ id: 'Reauthenticated' })

export const whyView = z
  .strictObject({
    permission: z.string(),
    allowed: z.boolean(),
    reason: z.string(),
    explanation: z.string(),
    remedy: z.string().nullable(),
    needs: z
      .strictObject({ level: z.string(), roles: z.array(z.string()), scope: z.string().nullable() })
      .nullable(),
    has: z.strictObject({
      kind: z.string(),
      roles: z.array(z.string()),
      scopes: z.array(z.string()).nullable(),
      tenant: z.string().nullable(),
      aal: z.int().nullable(),
      impersonated: z.boolean(),
    }),
  })
  .meta({ id: 'Why' })

export const introspectionView = z
  .looseObject({
    active: z.boolean(),
    sub: z.string().optional(),
    username: z.string().optional(),
    token_type: z.string().optional(),
    iss: z.string().optional(),
    aud: z.string().optional(),
    scope: z.string().optional(),
    tenant_id: z.string().optional(),
    sid: z.string().optional(),
    exp: z.int().optional(),
    iat: z.int().optional(),
    act: z.strictObject({ sub: z.string() }).optional(),
  })
  .meta({ id: 'Introspection' })

export const jwksView = z
  .strictObject({
    keys: z.array(
      z.strictObject({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        use: z.literal('sig'),
        alg: z.literal('ES256'),
      }),
    ),
  })
  .meta({ id: 'JsonWebKeySet' })

const signingKeyFields = {
  kid: z.string().describe('Id in the key set (RFC 7638).'),
  state: z.enum(['coming', 'current', 'replaced']),
  active_from: timestamp.describe('When it begins to sign.'),
}
const sealingKeyFields = {
  id: z.int().describe('0 is the key that every installation begins with.'),
  state: z.enum(['coming', 'current', 'replaced']),
  active_from: timestamp.describe('When values begin to be sealed with it.'),
  resealed_at: timestamp.nullable().describe('When nothing was left that is sealed with an older key.'),
}

export const installationKeysView = z
  .strictObject({
    master: z.strictObject({
      id: z.string().describe('Tells master secrets apart; says nothing about them.'),
      wrapped_at: timestamp.describe('When the root key was wrapped by it.'),
    }),
    signing: z.array(z.strictObject(signingKeyFields)),
    sealing: z.array(z.strictObject(sealingKeyFields)),
  })
  .meta({ id: 'InstallationKeys' })
export const rotatedSigningKeyView = z
  .strictObject({
    ...signingKeyFields,
    revoked: z.int().describe('Keys that nothing is trusted of any more.'),
  })
  .meta({ id: 'RotatedSigningKey' })
export const rotatedSealingKeyView = z
  .strictObject({ ...sealingKeyFields, job_id: z.string().describe('The job that seals every value anew.') })
  .meta({ id: 'RotatedSealingKey' })
