import { can, defineRoute, signedIn, unaudited } from '../../../kernel/define-route.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { pageErrors } from '../../../kernel/pagination.js'
import { noContent, nothing } from '../../../kernel/schema.js'
import { tenancyErrors } from '../../tenancy/api.js'
import { authErrors } from '../errors.js'
import { createUser } from '../operations/create-user.js'
import { impersonate } from '../operations/impersonate.js'
import {
  deleteManagedUser,
  disableUser,
  enableUser,
  listUserSessions,
  listVisibleUsers,
  readUser,
  removeUserFactors,
  revokeUserSessions,
  setUserPassword,
  updateManagedUser,
} from '../operations/manage-users.js'
import { presentAccess, presentSession, presentUser } from '../present.js'
import {
  createUserBody,
  impersonateBody,
  listUsersQuery,
  setPasswordBody,
  updateUserBody,
  userParams,
} from '../schemas.js'
import { endedView, impersonationView, sessionList, userList, userView } from '../views.js'

/** `auth.users.*` inside an organisation, `auth.users.administer` without one: which of them depends on the caller. */
const byAdministrators = signedIn(
  'the operation asks for auth.users.* in an organisation and for auth.users.administer without one',
)

const ofAdministrators = [
  kernelErrors.Forbidden,
  kernelErrors.TenantRequired,
  kernelErrors.TenantSuspended,
] as const

/** What changing an account is refused by, besides. */
const ofChanges = [...ofAdministrators, tenancyErrors.WholeCredentialNeeded] as const

export const createUserRoute = defineRoute({
  id: 'createUser',
  method: 'post',
  path: '/users',
  summary: 'Make an account',
  description:
    'In the organisation you act in, with a role there; a super_admin without one makes accounts of the installation. Without a password the person is mailed a link to choose one.',
  access: byAdministrators,
  limit: 'write',
  audit: { action: 'user.created', target: 'result.id' },
  input: { body: createUserBody },
  output: userView,
  status: 201,
  location: (user) => `/auth/v1/users/${user.id}`,
  transaction: 'manual',
  errors: [
    ...ofChanges,
    authErrors.EmailTaken,
    authErrors.NotWhileImpersonating,
    authErrors.WeakPassword,
    authErrors.RoleNotAllowed,
    authErrors.Busy,
  ],
  handler: async (ctx, { body }) => presentUser(await createUser(ctx, body)),
})

export const listUsersRoute = defineRoute({
  id: 'listUsers',
  method: 'get',
  path: '/users',
  summary: 'List the people you may see',
  access: byAdministrators,
  limit: 'read',
  audit: unaudited('reading'),
  input: { query: listUsersQuery },
  output: userList,
  transaction: 'system',
  errors: [...ofAdministrators, pageErrors.BadCursor],
  handler: (ctx, { query }) => listVisibleUsers(ctx, query, presentUser),
})

export const readUserRoute = defineRoute({
  id: 'readUser',
  method: 'get',
  path: '/users/:userId',
  summary: 'Read one person',
  access: byAdministrators,
  limit: 'read',
  audit: unaudited('reading'),
  input: { params: userParams, query: nothing },
  output: userView,
  transaction: 'system',
  etag: true,
  errors: [...ofAdministrators, authErrors.UserNotFound],
  handler: async (ctx, { params }) => presentUser(await readUser(ctx, params.userId)),
})

export const updateUserRoute = defineRoute({
  id: 'updateUser',
  method: 'patch',
  path: '/users/:userId',
  summary: "Change a person's name or role",
  description:
    'The role is that in the organisation you act in, else that of the installation (null takes it away).',
  access: byAdministrators,
  limit: 'write',
  audit: { action: 'user.updated', target: 'params.userId' },
  input: { params: userParams, body: updateUserBody },
  output: userView,
  transaction: 'system',
  errors: [
    ...ofChanges,
    authErrors.UserNotFound,
    authErrors.RoleNotAllowed,
    authErrors.LastSuperAdmin,
    kernelErrors.Conflict,
  ],
  handler: async (ctx, { params, body }) => {
    ctx.auditDetail = { ...(body.role === undefined ? {} : { role: body.role }) }
    return presentUser(await updateManagedUser(ctx, { userId: params.userId, ...body }))
  },
})

export const deleteUserRoute = defineRoute({
  id: 'deleteUser',
  method: 'delete',
  path: '/users/:userId',
  summary: 'Delete an account',
  description:
    'With its sessions, tokens, factors and memberships. To take somebody out of an organisation only, remove the member there.',
  access: byAdministrators,
  limit: 'write',
  audit: { action: 'user.deleted', target: 'params.userId' },
  input: { params: userParams },
  output: noContent,
  status: 204,
  transaction: 'system',
  errors: [...ofChanges, authErrors.UserNotFound, authErrors.LastSuperAdmin, authErrors.NotYourself],
  handler: async (ctx, { params }) => {
    await deleteManagedUser(ctx, params.userId)
    return undefined
  },
})

export const setUserPasswordRoute = defineRoute({
  id: 'setUserPassword',
  method: 'post',
  path: '/users/:userId/password',
  summary: "Set a person's password",
  description: 'Ends all their sessions and access tokens; they are told by mail.',
  access: byAdministrators,
  limit: 'write',
  audit: { action: 'user.password_set', target: 'params.userId' },
  input: { params: userParams, body: setPasswordBody },
  output: noContent,
  status: 204,
  transaction: 'manual',
  errors: [
    ...ofChanges,
    authErrors.UserNotFound,
    authErrors.NotWhileImpersonating,
    authErrors.WeakPassword,
    authErrors.Busy,
  ],
  handler: async (ctx, { params, body }) => {
    await setUserPassword(ctx, { userId: params.userId, password: body.password })
    return undefined
  },
})

export const disableUserRoute = defineRoute({
  id: 'disableUser',
  method: 'post',
  path: '/users/:userId/disable',
  summary: 'Lock a person out',
  description: 'Everything they are signed in with ends within a second.',
  access: byAdministrators,
  limit: 'write',
  audit: { action: 'user.disabled', target: 'params.userId' },
  input: { params: userParams },
  output: userView,
  transaction: 'system',
  errors: [...ofChanges, authErrors.UserNotFound, authErrors.LastSuperAdmin, authErrors.NotYourself],
  handler: async (ctx, { params }) => presentUser(await disableUser(ctx, params.userId)),
})

export const enableUserRoute = defineRoute({
  id: 'enableUser',
  method: 'post',
  path: '/users/:userId/enable',
  summary: 'Let a person sign in again',
  access: byAdministrators,
  limit: 'write',
  audit: { action: 'user.enabled', target: 'params.userId' },
  input: { params: userParams },
  output: userView,
  transaction: 'system',
  errors: [...ofChanges, authErrors.UserNotFound],
  handler: async (ctx, { params }) => presentUser(await enableUser(ctx, params.userId)),
})

export const listUserSessionsRoute = defineRoute({
  id: 'listUserSessions',
  method: 'get',
  path: '/users/:userId/sessions',
  summary: "List a person's sessions",
  access: byAdministrators,
  limit: 'read',
  audit: unaudited('reading'),
  input: { params: userParams, query: nothing },
  output: sessionList,
  transaction: 'system',
  errors: [...ofChanges, authErrors.UserNotFound],
  handler: async (ctx, { params }) => {
    const sessions = await listUserSessions(ctx, params.userId)
    return {
      data: sessions.map((session) => presentSession(ctx, session)),
      next_cursor: null,
      has_more: false,
    }
  },
})

export const revokeUserSessionsRoute = defineRoute({
  id: 'revokeUserSessions',
  method: 'delete',
  path: '/users/:userId/sessions',
  summary: 'Sign a person out everywhere',
  access: byAdministrators,
  limit: 'write',
  audit: { action: 'user.signed_out_everywhere', target: 'params.userId' },
  input: { params: userParams },
  output: endedView,
  transaction: 'system',
  errors: [...ofChanges, authErrors.UserNotFound],
  handler: (ctx, { params }) => revokeUserSessions(ctx, params.userId),
})

export const removeUserFactorsRoute = defineRoute({
  id: 'removeUserFactors',
  method: 'delete',
  path: '/users/:userId/factors',
  summary: "Remove a person's second factors",
  description: 'For people who lost them. Ends their sessions; they are told by mail.',
  access: byAdministrators,
  limit: 'write',
  audit: { action: 'user.factors_removed', target: 'params.userId' },
  input: { params: userParams },
  output: noContent,
  status: 204,
  transaction: 'system',
  errors: [...ofChanges, authErrors.UserNotFound, authErrors.NotWhileImpersonating, authErrors.NotYourself],
  handler: async (ctx, { params }) => {
    await removeUserFactors(ctx, params.userId)
    return undefined
  },
})

export const impersonateRoute = defineRoute({
  id: 'impersonateUser',
  method: 'post',
  path: '/users/:userId/impersonate',
  summary: 'Act as another person for a limited time',
  description:
    'The token names both, cannot be refreshed, and opens nothing that concerns passwords, factors or tokens. The person is told by mail.',
  access: can('auth.users.impersonate'),
  limit: 'write',
  audit: { action: 'user.impersonated', target: 'params.userId', refusals: true },
  input: { params: userParams, body: impersonateBody },
  output: impersonationView,
  transaction: 'system',
  errors: [
    authErrors.UserNotFound,
    authErrors.NotImpersonable,
    authErrors.NotYourself,
    authErrors.TenantNotFound,
  ],
  handler: async (ctx, { params, body }) => {
    const { tokens, user } = await impersonate(ctx, { userId: params.userId, ...body })
    return {
      ...presentAccess(tokens),
      session_id: tokens.sessionId,
      user: { id: user.id, email: user.email, name: user.name },
    }
  },
})
