import { z } from 'zod'
import { INSTALLATION_ROLES, ROLES } from '../../kernel/principal.js'
import { email, id, page, shortText, slug } from '../../kernel/schema.js'
import { isScope, SCOPE_MAX_LENGTH, SCOPES_MAX } from '../../kernel/scopes.js'

/** A password as it arrives. Its rules are judged later, so that sign-in takes whatever was once accepted. */
export const password = z.string().min(1).max(1024).describe('8 to 256 characters; no rules of composition.')
export const personName = shortText({ max: 100 }).describe("The person's name.")
export const code = z
  .string()
  .trim()
  .min(6)
  .max(20)
  .describe('Code of an authenticator app, or a recovery code.')
export const tenantRef = z.string().trim().min(1).max(64).describe('Slug or id of an organisation.')
export const oneTimeToken = z.string().min(1).max(200).describe('Token from the mail.')
export const refreshToken = z.string().min(1).max(4096).describe('Refresh token.')
export const role = z.enum(ROLES)
export const userParams = z.strictObject({ userId: id('user') })

const scope = z
  .string()
  .max(SCOPE_MAX_LENGTH)
  .refine(isScope, 'is not a scope: resource:action, resource:* or *')

export const signupBody = z.strictObject({
  email,
  password,
  name: personName.optional(),
  organization: z
    .strictObject({ name: shortText({ max: 100 }), slug: slug.optional() })
    .optional()
    .describe('An organisation to make, with the new person as its administrator.'),
  invitation: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Token of an invitation to this address; it opens closed installations too.'),
})
export const loginBody = z.strictObject({
  email,
  password,
  tenant: tenantRef.optional(),
  code: code.optional(),
})
export const mfaLoginBody = z.strictObject({ mfa_token: oneTimeToken, code })
export const refreshBody = z.strictObject({ refresh_token: refreshToken })
export const logoutBody = z.strictObject({ refresh_token: refreshToken.optional() }).optional()
export const updateMeBody = z.strictObject({
  name: personName.nullable().optional(),
  email: email.optional(),
})
export const changePasswordBody = z.strictObject({ current_password: password, new_password: password })
export const emailBody = z.strictObject({ email })
export const resetPasswordBody = z.strictObject({ token: oneTimeToken, new_password: password })
export const tokenBody = z.strictObject({ token: oneTimeToken })
export const reauthenticateBody = z.strictObject({ password, code: code.optional() })
export const createTokenBody = z.strictObject({
  name: shortText({ max: 60 }),
  scopes: z
    .array(scope)
    .min(1)
    .max(SCOPES_MAX)
    .optional()
    .describe('Narrow what the token may do; without them it may do what you may.'),
  expires_in_days: z.int().min(1).max(3650).optional(),
})
export const factorBody = z.strictObject({ name: shortText({ max: 60 }).default('Authenticator app') })
export const switchBody = z.strictObject({ tenant: tenantRef })
export const oauthTokenBody = z.strictObject({
  token: z.string().min(1).max(4096),
  token_type_hint: z.string().max(40).optional(),
})
export const listUsersQuery = z.strictObject({
  ...page,
  q: shortText({ max: 100 }).optional().describe('Part of the address or the name.'),
  status: z.enum(['active', 'disabled']).optional(),
  installation_role: z.enum(INSTALLATION_ROLES).optional(),
})
export const createUserBody = z.strictObject({
  email,
  password: password.optional().describe('Without one the person is mailed a link to choose it.'),
  name: personName.optional(),
  role: role.optional().describe('A role of the organisation you act in, else of the installation.'),
})
export const updateUserBody = z.strictObject({
  name: personName.nullable().optional(),
  role: role.nullable().optional(),
})
export const setPasswordBody = z.strictObject({ password })
export const impersonateBody = z.strictObject({
  reason: shortText({ min: 3, max: 200 }).describe('Why; the person and the audit log are told.'),
  minutes: z.int().min(1).max(60).default(30),
  tenant: tenantRef.optional(),
})
export const whyQuery = z.strictObject({
  permission: z.string().min(1).max(100).describe('Name from the role × permission matrix.'),
  user_id: id('user').optional().describe('Somebody whose account you may see; you when left out.'),
})
export const rotateSigningKeyBody = z.strictObject({
  revoke_previous: z
    .boolean()
    .default(false)
    .describe('Trust nothing that was signed before: for a key that leaked.'),
})
