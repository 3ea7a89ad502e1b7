import { defineRoute, open, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { noContent } from '../../../kernel/schema.js'
import { authErrors } from '../errors.js'
import { logout } from '../operations/end-sessions.js'
import { login } from '../operations/login.js'
import { finishMfaLogin } from '../operations/mfa-login.js'
import { refresh } from '../operations/refresh.js'
import { signup } from '../operations/signup.js'
import { presentLogin, presentTokens } from '../present.js'
import { loginBody, logoutBody, mfaLoginBody, refreshBody, signupBody } from '../schemas.js'
import { acceptedView, loginResult, tokensView } from '../views.js'

/** What a request for a mail answers, whoever asks for whatever address. */
export const MAIL_ACCEPTED = {
  status: 'mail_sent_if_needed' as const,
  detail: 'If the address has a use for it, a mail is on its way.',
}

export const signupRoute = defineRoute({
  id: 'signUp',
  method: 'post',
  path: '/signup',
  summary: 'Sign up',
  description:
    'The account is made when the link in the mail is opened. The answer does not tell whether the address has an account already; its owner is told by mail.',
  access: open('people without an account have no credential'),
  limit: 'auth',
  audit: unaudited('there is no account before the link is opened; that, and an invited sign-up, is audited'),
  input: { body: signupBody },
  output: acceptedView,
  status: 202,
  location: () => '/auth/v1/email/verify',
  // The password is hashed before anything is locked.
  transaction: 'manual',
  errors: [
    authErrors.SignupClosed,
    authErrors.OrganizationsClosed,
    authErrors.WeakPassword,
    authErrors.Busy,
    authErrors.AlreadyRegistered,
    authErrors.InvitationForOther,
    kernelErrors.NotFound,
  ],
  handler: async (ctx, { body }) => {
    const status = await signup(ctx, body)
    return status === 'account_made' ? { status, detail: 'You can sign in now.' } : MAIL_ACCEPTED
  },
})

export const loginRoute = defineRoute({
  id: 'logIn',
  method: 'post',
  path: '/login',
  summary: 'Sign in by password',
  description:
    'Answers tokens, or `mfa_required` where the account has a second factor and no code was sent. Wrong passwords and unknown addresses have the same answer.',
  access: open('signing in is how a credential is had'),
  limit: 'auth',
  audit: { action: 'user.signed_in', target: 'principal', refusals: true },
  input: { body: loginBody },
  output: loginResult,
  transaction: 'manual',
  errors: [
    authErrors.InvalidCredentials,
    authErrors.InvalidCode,
    authErrors.AccountDisabled,
    authErrors.Locked,
    authErrors.Busy,
  ],
  handler: async (ctx, { body }) => presentLogin(await login(ctx, body)),
})

export const mfaLoginRoute = defineRoute({
  id: 'finishMfaLogin',
  method: 'post',
  path: '/login/mfa',
  summary: 'Finish a sign-in with a code',
  access: open('the password was checked; the token in the body stands for that'),
  limit: 'auth',
  audit: { action: 'user.signed_in', target: 'principal', refusals: true },
  input: { body: mfaLoginBody },
  output: loginResult,
  transaction: 'manual',
  errors: [authErrors.InvalidToken, authErrors.InvalidCode, authErrors.Locked],
  handler: async (ctx, { body }) =>
    presentLogin(await finishMfaLogin(ctx, { mfaToken: body.mfa_token, code: body.code })),
})

export const refreshRoute = defineRoute({
  id: 'refreshTokens',
  method: 'post',
  path: '/refresh',
  summary: 'Exchange a refresh token for new tokens',
  description:
    'Each refresh token is good once. Sent again within the grace time it gives the same successor; later it is taken for stolen and ends the session.',
  access: open('the refresh token in the body is the credential'),
  limit: 'write',
  audit: unaudited('every device does this every few minutes; reuse is audited'),
  input: { body: refreshBody },
  output: tokensView,
  transaction: 'manual',
  errors: [authErrors.InvalidRefreshToken, authErrors.RefreshTokenReused],
  handler: async (ctx, { body }) => presentTokens(await refresh(ctx, body.refresh_token)),
})

export const logoutRoute = defineRoute({
  id: 'logOut',
  method: 'post',
  path: '/logout',
  summary: 'End the session',
  description: 'Ends the session of the access token, and that of the refresh token where one is sent.',
  access: open('an expired access token must not keep anybody from signing out'),
  limit: 'write',
  audit: { action: 'user.signed_out', target: 'principal' },
  input: { body: logoutBody },
  output: noContent,
  status: 204,
  transaction: 'system',
  handler: async (ctx, { body }) => {
    await logout(ctx, body?.refresh_token)
    return undefined
  },
})
