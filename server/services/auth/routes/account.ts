import { can, defineRoute, open, unaudited } from '../../../kernel/define-route.js'
import { noContent, nothing } from '../../../kernel/schema.js'
import { authErrors } from '../errors.js'
import { requireUser } from '../operations/guards.js'
import { readMe, switchTenant, updateMe } from '../operations/me.js'
import { changePassword, forgotPassword, reauthenticate, resetPassword } from '../operations/passwords.js'
import { resendVerification, verifyEmail } from '../operations/verify-email.js'
import { presentAccess, presentMe } from '../present.js'
import {
  changePasswordBody,
  emailBody,
  reauthenticateBody,
  resetPasswordBody,
  switchBody,
  tokenBody,
  updateMeBody,
} from '../schemas.js'
import { acceptedView, meView, reauthenticatedView, switchedView, verifiedView } from '../views.js'
import { MAIL_ACCEPTED } from './sign-in.js'

export const readMeRoute = defineRoute({
  id: 'readMe',
  method: 'get',
  path: '/me',
  summary: 'Read your account',
  access: can('auth.account.read'),
  limit: 'read',
  audit: unaudited('reading oneself'),
  input: { query: nothing },
  output: meView,
  // Asks nobody when the credential is known.
  transaction: 'manual',
  etag: true,
  handler: async (ctx) => presentMe(await readMe(ctx), requireUser(ctx)),
})

export const updateMeRoute = defineRoute({
  id: 'updateMe',
  method: 'patch',
  path: '/me',
  summary: 'Change your name or address',
  description: 'A new address takes effect when the link mailed to it is opened.',
  access: can('auth.account.manage'),
  limit: 'write',
  audit: { action: 'user.updated', target: 'principal' },
  input: { body: updateMeBody },
  output: meView,
  transaction: 'system',
  errors: [authErrors.ReauthenticationRequired, authErrors.NotWhileImpersonating],
  handler: async (ctx, { body }) => {
    await updateMe(ctx, body)
    return presentMe(await readMe(ctx), requireUser(ctx))
  },
})

export const changePasswordRoute = defineRoute({
  id: 'changePassword',
  method: 'post',
  path: '/password/change',
  summary: 'Change your password',
  description: 'Ends your other sessions.',
  access: can('auth.account.manage'),
  limit: 'auth',
  audit: { action: 'user.password_changed', target: 'principal', refusals: true },
  input: { body: changePasswordBody },
  output: noContent,
  status: 204,
  transaction: 'manual',
  errors: [
    authErrors.InvalidCredentials,
    authErrors.WeakPassword,
    authErrors.Locked,
    authErrors.Busy,
    authErrors.SessionRequired,
  ],
  handler: async (ctx, { body }) => {
    await changePassword(ctx, { currentPassword: body.current_password, newPassword: body.new_password })
    return undefined
  },
})

export const forgotPasswordRoute = defineRoute({
  id: 'forgotPassword',
  method: 'post',
  path: '/password/forgot',
  summary: 'Ask for a mail to choose a new password',
  access: open('whoever forgot the password cannot sign in'),
  limit: 'mail',
  audit: unaudited('anyone may ask for any address; a reset itself is audited'),
  input: { body: emailBody },
  output: acceptedView,
  status: 202,
  location: () => '/auth/v1/password/reset',
  handler: async (ctx, { body }) => {
    await forgotPassword(ctx, body.email)
    return MAIL_ACCEPTED
  },
})

export const resetPasswordRoute = defineRoute({
  id: 'resetPassword',
  method: 'post',
  path: '/password/reset',
  summary: 'Choose a new password by the token of a mail',
  description: 'Ends all your sessions and access tokens.',
  access: open('the token in the body is the credential'),
  limit: 'auth',
  audit: { action: 'user.password_reset', target: 'principal' },
  input: { body: resetPasswordBody },
  output: noContent,
  status: 204,
  transaction: 'manual',
  errors: [authErrors.InvalidToken, authErrors.WeakPassword, authErrors.Busy],
  handler: async (ctx, { body }) => {
    await resetPassword(ctx, { token: body.token, newPassword: body.new_password })
    return undefined
  },
})

export const reauthenticateRoute = defineRoute({
  id: 'reauthenticate',
  method: 'post',
  path: '/reauthenticate',
  summary: 'Confirm your password, for calls that need a recent sign-in',
  access: can('auth.account.manage'),
  limit: 'auth',
  audit: { action: 'user.reauthenticated', target: 'principal', refusals: true },
  input: { body: reauthenticateBody },
  output: reauthenticatedView,
  transaction: 'manual',
  errors: [
    authErrors.InvalidCredentials,
    authErrors.CodeRequired,
    authErrors.InvalidCode,
    authErrors.Locked,
    authErrors.Busy,
  ],
  handler: async (ctx, { body }) => ({ authenticated_at: (await reauthenticate(ctx, body)).toISOString() }),
})

export const verifyEmailRoute = defineRoute({
  id: 'verifyEmail',
  method: 'post',
  path: '/email/verify',
  summary: 'Prove an address by the token of a mail',
  description: 'Completes a sign-up, proves the address of an account, or changes it.',
  access: open('the token in the body is the credential'),
  limit: 'auth',
  audit: { action: 'user.email_verified', target: 'result.user_id' },
  input: { body: tokenBody },
  output: verifiedView,
  transaction: 'system',
  errors: [authErrors.InvalidToken],
  handler: async (ctx, { body }) => {
    const user = await verifyEmail(ctx, body.token)
    return { status: 'verified' as const, user_id: user.id, email: user.email }
  },
})

export const resendVerificationRoute = defineRoute({
  id: 'resendVerification',
  method: 'post',
  path: '/email/resend',
  summary: 'Ask for another verification mail',
  access: open('whoever waits for the mail cannot sign in yet'),
  limit: 'mail',
  audit: unaudited('anyone may ask for any address'),
  input: { body: emailBody },
  output: acceptedView,
  status: 202,
  location: () => '/auth/v1/email/verify',
  handler: async (ctx, { body }) => {
    await resendVerification(ctx, body.email)
    return MAIL_ACCEPTED
  },
})

export const switchTenantRoute = defineRoute({
  id: 'switchTenant',
  method: 'post',
  path: '/switch',
  summary: 'Act in another of your organisations',
  access: can('auth.account.read'),
  limit: 'write',
  audit: { action: 'user.switched_tenant', target: 'body.tenant' },
  input: { body: switchBody },
  output: switchedView,
  errors: [authErrors.TenantNotFound, authErrors.SessionRequired],
  handler: async (ctx, { body }) => {
    const { tokens, tenant } = await switchTenant(ctx, body.tenant)
    return { ...presentAccess(tokens), tenant }
  },
})
