import { defineErrors } from '../../kernel/define-errors.js'
import type { PasswordProblem } from './passwords/policy.js'

const PASSWORD_WORDS: Record<PasswordProblem, string> = {
  malformed: 'The new password holds characters that cannot be typed again.',
  too_short: 'The new password is shorter than 8 characters.',
  too_long: 'The new password is longer than 256 characters.',
  too_common: 'The new password is among those that attackers try first.',
  too_personal: 'The new password is built on your own name or address.',
}

const retryAfter = (d: { retryAfter: number }) => ({ 'Retry-After': String(d.retryAfter) })

/** What can go wrong in the auth service. Codes are stable. */
export const authErrors = defineErrors('auth', {
  invalidCredentials: {
    status: 401,
    message: 'The e-mail address or the password is wrong.',
    next: 'Check both. If you have just signed up, open the link in the mail first; if you forgot the password, use POST /auth/v1/password/forgot.',
  },
  invalidCode: {
    status: 401,
    message: 'The code is wrong, was used before, or is no longer valid.',
    next: 'Wait for the next code of your authenticator app, or use a recovery code.',
  },
  codeRequired: {
    status: 401,
    message: 'This account has a second factor: a code is needed too.',
    next: 'Send the code of your authenticator app, or a recovery code, as "code".',
  },
  locked: {
    status: 429,
    message: (d: { retryAfter: number }) =>
      `Too many failed attempts; the next one is possible in ${d.retryAfter} s.`,
    next: 'Wait for the seconds in Retry-After. If this was not you, your account is safe: nobody got in.',
    headers: retryAfter,
  },
  busy: {
    status: 503,
    message: (d: { retryAfter: number }) =>
      `More sign-ins than can be served now; try again in ${d.retryAfter} s.`,
    next: 'Try again after the seconds in Retry-After.',
    headers: retryAfter,
  },
  accountDisabled: {
    status: 403,
    message: 'This account is disabled.',
    next: 'Ask an administrator of your organisation to enable it.',
  },
  alreadyRegistered: {
    status: 409,
    message: 'This address has an account already.',
    next: 'Sign in, then accept the invitation with POST /tenancy/v1/invitations/accept.',
  },
  invitationForOther: {
    status: 403,
    message: 'This invitation was sent to another address.',
    next: 'Sign up with the address that the invitation was mailed to.',
  },
  signupClosed: {
    status: 403,
    message: 'This installation takes new people by invitation only.',
    next: 'Ask an administrator for an invitation and open the link in it.',
  },
  organizationsClosed: {
    status: 403,
    message: 'Organisations of this installation are made by its operator.',
    next: 'Sign up without "organization", or ask the operator for one.',
  },
  weakPassword: {
    status: 422,
    message: (d: { problem: PasswordProblem }) => PASSWORD_WORDS[d.problem],
    next: 'Choose 8 to 256 characters that are hard to guess; several unrelated words do well. Digits and signs are not required.',
    members: (d: { problem: PasswordProblem }) => ({ reason: d.problem }),
  },
  invalidToken: {
    status: 400,
    message: 'This link or token is not valid: it was used, replaced by a newer one, or has expired.',
    next: 'Ask for a new mail and open the link in it.',
  },
  invalidRefreshToken: {
    status: 401,
    message: 'The refresh token is not valid, or its session has ended.',
    next: 'Sign in again.',
  },
  refreshTokenReused: {
    status: 401,
    message: (d: { usedAt: Date }) =>
      `This refresh token was used before, at ${d.usedAt.toISOString()}; someone may have copied it, so its session was ended.`,
    next: 'Sign in again. If you do not recognise that use, change your password and look at GET /auth/v1/sessions.',
    members: (d: { usedAt: Date }) => ({ first_used_at: d.usedAt.toISOString() }),
  },
  reauthenticationRequired: {
    status: 403,
    message: 'This needs a recent sign-in.',
    next: 'Confirm your password with POST /auth/v1/reauthenticate, then repeat the request.',
  },
  sessionRequired: {
    status: 403,
    message: 'This can only be done by a person in a signed-in session, not with an access token or API key.',
    next: 'Sign in with POST /auth/v1/login and use the access token it gives.',
  },
  emailNotVerified: {
    status: 403,
    message: 'Your e-mail address is not verified.',
    next: 'Have a new mail sent with POST /auth/v1/email/resend, and open its link.',
  },
  notWhileImpersonating: {
    status: 403,
    message: 'This cannot be done while acting as somebody else.',
    next: 'Ask the person to do it, or do it as yourself.',
  },
  emailTaken: {
    status: 409,
    message: 'This address cannot be used for a new account.',
    next: 'If the person has an account already, invite the address with POST /tenancy/v1/invitations.',
  },
  userNotFound: {
    status: 404,
    message: 'There is no such user that you may see.',
    next: 'GET /auth/v1/users lists the ones you may see.',
  },
  sessionNotFound: {
    status: 404,
    message: 'There is no such session.',
    next: 'GET /auth/v1/sessions lists yours.',
  },
  tokenNotFound: {
    status: 404,
    message: 'There is no such access token.',
    next: 'GET /auth/v1/tokens lists yours.',
  },
  factorNotFound: {
    status: 404,
    message: 'There is no such factor.',
    next: 'GET /auth/v1/factors lists yours.',
  },
  tenantNotFound: {
    status: 404,
    message: 'There is no such organisation that you may act in.',
    next: 'GET /auth/v1/me lists the ones you belong to.',
  },
  tooManyFactors: {
    status: 409,
    message: (d: { limit: number }) => `An account has at most ${d.limit} factors.`,
    next: 'Remove one you no longer use.',
  },
  tooManyTokens: {
    status: 409,
    message: (d: { limit: number }) => `An account has at most ${d.limit} live access tokens.`,
    next: 'Revoke one you no longer use.',
  },
  roleNotAllowed: {
    status: 403,
    message: (d: { role: string }) => `You may not give the role "${d.role}" here.`,
    next: 'Roles of the installation are given by a super_admin without an organisation, roles of an organisation inside it.',
  },
  lastSuperAdmin: {
    status: 409,
    message: 'The last super_admin cannot be removed, disabled or given another role.',
    next: 'Make somebody else super_admin first.',
  },
  notYourself: {
    status: 409,
    message: 'This cannot be done to your own account.',
    next: 'Ask another administrator.',
  },
  notImpersonable: {
    status: 403,
    message: 'Nobody can act as this user.',
    next: 'Disabled accounts and holders of installation roles cannot be impersonated.',
  },
})
