import { z } from 'zod'
import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { pageErrors } from '../../../kernel/pagination.js'
import { id, noContent, nothing, page } from '../../../kernel/schema.js'
import { authErrors } from '../errors.js'
import { createAccessToken, listOwnTokens, revokeOwnToken } from '../operations/access-tokens.js'
import { listOwnSessions, revokeOtherSessions, revokeOwnSession } from '../operations/end-sessions.js'
import {
  addFactor,
  listOwnFactors,
  removeFactor,
  renewRecoveryCodes,
  verifyFactor,
} from '../operations/factors.js'
import { presentFactor, presentSession, presentToken } from '../present.js'
import { code, createTokenBody, factorBody } from '../schemas.js'
import {
  accessTokenList,
  createdFactorView,
  createdTokenView,
  endedView,
  factorList,
  recoveryCodesView,
  sessionList,
  verifiedFactorView,
} from '../views.js'

export const listSessionsRoute = defineRoute({
  id: 'listSessions',
  method: 'get',
  path: '/sessions',
  summary: 'List your sessions',
  access: can('auth.account.read'),
  limit: 'read',
  audit: unaudited('reading oneself'),
  input: { query: nothing },
  output: sessionList,
  handler: async (ctx) => {
    const sessions = await listOwnSessions(ctx)
    return {
      data: sessions.map((session) => presentSession(ctx, session)),
      next_cursor: null,
      has_more: false,
    }
  },
})

export const revokeSessionRoute = defineRoute({
  id: 'revokeSession',
  method: 'delete',
  path: '/sessions/:sessionId',
  summary: 'End one of your sessions',
  access: can('auth.account.manage'),
  limit: 'write',
  audit: { action: 'session.revoked', target: 'params.sessionId' },
  input: { params: z.strictObject({ sessionId: id('session') }) },
  output: noContent,
  status: 204,
  errors: [authErrors.SessionNotFound],
  handler: async (ctx, { params }) => {
    await revokeOwnSession(ctx, params.sessionId)
    return undefined
  },
})

export const revokeOtherSessionsRoute = defineRoute({
  id: 'revokeOtherSessions',
  method: 'post',
  path: '/sessions/revoke-others',
  summary: 'End all your sessions but this one',
  access: can('auth.account.manage'),
  limit: 'write',
  audit: { action: 'session.others_revoked', target: 'principal' },
  input: {},
  output: endedView,
  errors: [authErrors.SessionRequired],
  handler: async (ctx) => ({ sessions: await revokeOtherSessions(ctx), tokens: 0 }),
})

export const createTokenRoute = defineRoute({
  id: 'createAccessToken',
  method: 'post',
  path: '/tokens',
  summary: 'Make an access token for scripts',
  description: 'It acts as you in your present organisation, and is shown this once. Needs a recent sign-in.',
  access: can('auth.account.manage'),
  limit: 'write',
  audit: { action: 'token.created', target: 'result.id' },
  input: { body: createTokenBody },
  output: createdTokenView,
  status: 201,
  location: (token) => `/auth/v1/tokens/${token.id}`,
  errors: [authErrors.SessionRequired, authErrors.ReauthenticationRequired, authErrors.TooManyTokens],
  handler: async (ctx, { body }) => {
    const { token, stored } = await createAccessToken(ctx, body)
    return { ...presentToken(stored), token }
  },
})

export const listTokensRoute = defineRoute({
  id: 'listAccessTokens',
  method: 'get',
  path: '/tokens',
  summary: 'List your access tokens',
  access: can('auth.account.read'),
  limit: 'read',
  audit: unaudited('reading oneself'),
  input: { query: z.strictObject(page) },
  output: accessTokenList,
  errors: [pageErrors.BadCursor],
  handler: (ctx, { query }) => listOwnTokens(ctx, query, presentToken),
})

export const revokeTokenRoute = defineRoute({
  id: 'revokeAccessToken',
  method: 'delete',
  path: '/tokens/:tokenId',
  summary: 'Revoke one of your access tokens',
  access: can('auth.account.manage'),
  limit: 'write',
  audit: { action: 'token.revoked', target: 'params.tokenId' },
  input: { params: z.strictObject({ tokenId: id('token') }) },
  output: noContent,
  status: 204,
  errors: [authErrors.TokenNotFound],
  handler: async (ctx, { params }) => {
    await revokeOwnToken(ctx, params.tokenId)
    return undefined
  },
})

export const createFactorRoute = defineRoute({
  id: 'createFactor',
  method: 'post',
  path: '/factors',
  summary: 'Add an authenticator app',
  description: 'It counts once a code of it was verified. Needs a recent sign-in.',
  access: can('auth.account.manage'),
  limit: 'write',
  audit: { action: 'factor.created', target: 'result.id' },
  input: { body: factorBody },
  output: createdFactorView,
  status: 201,
  location: () => '/auth/v1/factors',
  errors: [authErrors.SessionRequired, authErrors.ReauthenticationRequired, authErrors.TooManyFactors],
  handler: async (ctx, { body }) => {
    const { factor, secret, uri } = await addFactor(ctx, body.name)
    return { ...presentFactor(factor), secret, otpauth_uri: uri }
  },
})

export const listFactorsRoute = defineRoute({
  id: 'listFactors',
  method: 'get',
  path: '/factors',
  summary: 'List your second factors',
  access: can('auth.account.read'),
  limit: 'read',
  audit: unaudited('reading oneself'),
  input: { query: nothing },
  output: factorList,
  handler: async (ctx) => {
    const { factors, recoveryCodes } = await listOwnFactors(ctx)
    return {
      data: factors.map(presentFactor),
      next_cursor: null,
      has_more: false,
      recovery_codes_left: recoveryCodes,
    }
  },
})

export const verifyFactorRoute = defineRoute({
  id: 'verifyFactor',
  method: 'post',
  path: '/factors/:factorId/verify',
  summary: 'Prove by a code that an authenticator app works',
  description:
    'From then on signing in asks for a code. The first factor brings recovery codes, shown this once. A new factor needs a recent sign-in.',
  access: can('auth.account.manage'),
  limit: 'auth',
  audit: { action: 'factor.verified', target: 'params.factorId', refusals: true },
  input: { params: z.strictObject({ factorId: id('factor') }), body: z.strictObject({ code }) },
  output: verifiedFactorView,
  transaction: 'manual',
  errors: [
    ...[authErrors.FactorNotFound, authErrors.InvalidCode, authErrors.Locked],
    ...[authErrors.SessionRequired, authErrors.ReauthenticationRequired],
  ],
  handler: async (ctx, { params, body }) => {
    const { factor, recoveryCodes } = await verifyFactor(ctx, { factorId: params.factorId, code: body.code })
    return { ...presentFactor(factor), recovery_codes: recoveryCodes }
  },
})

export const deleteFactorRoute = defineRoute({
  id: 'deleteFactor',
  method: 'delete',
  path: '/factors/:factorId',
  summary: 'Remove a second factor',
  description: 'Needs a recent sign-in.',
  access: can('auth.account.manage'),
  limit: 'write',
  audit: { action: 'factor.removed', target: 'params.factorId' },
  input: { params: z.strictObject({ factorId: id('factor') }) },
  output: noContent,
  status: 204,
  errors: [authErrors.FactorNotFound, authErrors.ReauthenticationRequired],
  handler: async (ctx, { params }) => {
    await removeFactor(ctx, params.factorId)
    return undefined
  },
})

export const renewRecoveryCodesRoute = defineRoute({
  id: 'renewRecoveryCodes',
  method: 'post',
  path: '/factors/recovery-codes',
  summary: 'Get new recovery codes',
  description: 'Earlier ones become worthless. Needs a recent sign-in.',
  access: can('auth.account.manage'),
  limit: 'write',
  audit: { action: 'factor.recovery_codes_renewed', target: 'principal' },
  input: {},
  output: recoveryCodesView,
  errors: [authErrors.FactorNotFound, authErrors.ReauthenticationRequired],
  handler: async (ctx) => ({ recovery_codes: await renewRecoveryCodes(ctx) }),
})
