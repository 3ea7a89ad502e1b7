import { z } from 'zod'
import { can, defineRoute, open, signedIn, unaudited } from '../../../kernel/define-route.js'
import { nothing } from '../../../kernel/schema.js'
import { explain } from '../operations/explain.js'
import { introspect, revokeToken } from '../operations/introspect.js'
import { presentWhy } from '../present.js'
import { oauthTokenBody, whyQuery } from '../schemas.js'
import { authState } from '../state.js'
import { introspectionView, jwksView, whyView } from '../views.js'

export const introspectRoute = defineRoute({
  id: 'introspectToken',
  method: 'post',
  path: '/introspect',
  summary: 'Ask what a token is worth (RFC 7662)',
  description:
    'Your own tokens, those that act in your organisation as its administrator, or any as super_admin. Anything else is `{"active": false}`, like junk.',
  access: signedIn('the operation judges each token by whose it is; a stranger is told that it is inactive'),
  limit: 'write',
  audit: unaudited('resource servers ask for every request they get'),
  input: { body: oauthTokenBody },
  output: introspectionView,
  accepts: 'form',
  errorFormat: 'oauth',
  transaction: 'manual',
  handler: (ctx, { body }) =>
    ctx.system('a token tells its tenant only when found', () => introspect(ctx, body.token)),
})

export const revokeRoute = defineRoute({
  id: 'revokeToken',
  method: 'post',
  path: '/revoke',
  summary: 'End what a token stands for (RFC 7009)',
  description:
    'An opaque access token itself; for a refresh token or a JWT, its session. Unknown tokens are no error.',
  access: open('holding a token is right enough to end it'),
  limit: 'write',
  audit: { action: 'token.revoked', target: 'principal' },
  input: { body: oauthTokenBody },
  output: z.strictObject({}),
  accepts: 'form',
  errorFormat: 'oauth',
  transaction: 'system',
  handler: async (ctx, { body }) => {
    await revokeToken(ctx, body.token)
    return {}
  },
})

export const whyRoute = defineRoute({
  id: 'explainPermission',
  method: 'get',
  path: '/why',
  summary: 'Ask why something would be allowed or denied',
  description: 'Judges the permission as a request would, without doing anything.',
  access: can('auth.why'),
  limit: 'read',
  audit: unaudited('reading'),
  input: { query: whyQuery },
  output: whyView,
  transaction: 'system',
  handler: async (ctx, { query }) =>
    presentWhy(await explain(ctx, { permission: query.permission, userId: query.user_id })),
})

export const jwksRoute = defineRoute({
  id: 'readJwks',
  method: 'get',
  path: '//.well-known/jwks.json',
  summary: 'Public keys that access tokens are signed with (RFC 7517)',
  access: open('public keys are public'),
  limit: 'probe',
  audit: unaudited('public'),
  input: { query: nothing },
  output: jwksView,
  transaction: 'manual',
  cache: 'public, max-age=600',
  handler: async (ctx) => ({ keys: await authState(ctx.resources).keyring.published() }),
})
