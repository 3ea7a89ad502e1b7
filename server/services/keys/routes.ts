import { can, defineRoute, open, unaudited } from '../../kernel/define-route.js'
import { listOf, noContent } from '../../kernel/schema.js'
import { keyErrors } from './errors.js'
import { createKey } from './operations/create-key.js'
import { deleteKey } from './operations/delete-key.js'
import { findVisibleKey } from './operations/find-visible-key.js'
import type { IssuedKey } from './operations/issue-key.js'
import { listKeys } from './operations/list-keys.js'
import { readKeyUsage, readTenantUsage } from './operations/read-usage.js'
import { reportLeaked } from './operations/report-leaked.js'
import { revokeKey } from './operations/revoke-key.js'
import { rotateKey } from './operations/rotate-key.js'
import { updateKey } from './operations/update-key.js'
import { verifyKey } from './operations/verify-key.js'
import { presentKey } from './present.js'
import {
  createdKeyView,
  createKeyBody,
  keyParams,
  keyView,
  leakedBody,
  leakedView,
  listKeysQuery,
  rotateKeyBody,
  updateKeyBody,
  usageQuery,
  usageView,
  verifyKeyBody,
  verifyView,
} from './schemas.js'

const reading = unaudited('reading changes nothing')

function presentIssued({ key, text }: IssuedKey, now: Date) {
  return { ...presentKey(key, now), key: text }
}

const createKeyRoute = defineRoute({
  id: 'createKey',
  method: 'post',
  path: '/keys',
  summary: 'Make an API key',
  description:
    'The answer holds the key itself; it is never shown again. A key cannot do more than who makes it.',
  access: can('keys.create'),
  limit: 'write',
  audit: { action: 'key.created', target: 'result.id' },
  input: { body: createKeyBody },
  output: createdKeyView,
  status: 201,
  location: ({ id }) => `/keys/v1/keys/${id}`,
  errors: [
    ...[keyErrors.ScopeTooWide, keyErrors.UnknownScope, keyErrors.BeyondOwnLimits, keyErrors.OwnerRefused],
    ...[keyErrors.OwnerNotMember, keyErrors.ExpiryPast, keyErrors.LimitReached, keyErrors.Impersonated],
  ],
  handler: async (ctx, { body }) => presentIssued(await createKey(ctx, body), ctx.now()),
})

const listKeysRoute = defineRoute({
  id: 'listKeys',
  method: 'get',
  path: '/keys',
  summary: 'List API keys',
  description: 'Administrators see all keys of the organisation, everybody else their own.',
  access: can('keys.read'),
  limit: 'read',
  audit: reading,
  input: { query: listKeysQuery },
  output: listOf(keyView),
  handler: (ctx, { query }) => listKeys(ctx, query),
})

const getKeyRoute = defineRoute({
  id: 'getKey',
  method: 'get',
  path: '/keys/:keyId',
  summary: 'Read an API key',
  access: can('keys.read'),
  limit: 'read',
  audit: reading,
  etag: true,
  input: { params: keyParams },
  output: keyView,
  errors: [keyErrors.NotFound],
  handler: async (ctx, { params }) => presentKey(await findVisibleKey(ctx, params.keyId), ctx.now()),
})

const updateKeyRoute = defineRoute({
  id: 'updateKey',
  method: 'patch',
  path: '/keys/:keyId',
  summary: 'Change an API key',
  description: 'Changes the fields given. The key as it would become must be within what the caller may do.',
  access: can('keys.manage'),
  limit: 'write',
  audit: { action: 'key.updated', target: 'params.keyId' },
  input: { params: keyParams, body: updateKeyBody },
  output: keyView,
  errors: [
    ...[keyErrors.NotFound, keyErrors.ScopeTooWide, keyErrors.UnknownScope, keyErrors.BeyondOwnLimits],
    ...[keyErrors.ExpiryPast, keyErrors.NotAlive],
  ],
  handler: async (ctx, { params, body }) => presentKey(await updateKey(ctx, params.keyId, body), ctx.now()),
})

const deleteKeyRoute = defineRoute({
  id: 'deleteKey',
  method: 'delete',
  path: '/keys/:keyId',
  summary: 'Delete an API key',
  description:
    'The key stops working and is gone; its use stays on record. To keep it listed, revoke it instead.',
  access: can('keys.manage'),
  limit: 'write',
  audit: { action: 'key.deleted', target: 'params.keyId' },
  input: { params: keyParams },
  output: noContent,
  status: 204,
  errors: [keyErrors.NotFound],
  handler: async (ctx, { params }) => {
    await deleteKey(ctx, params.keyId)
    return undefined
  },
})

const rotateKeyRoute = defineRoute({
  id: 'rotateKey',
  method: 'post',
  path: '/keys/:keyId/rotate',
  summary: 'Replace an API key by a new one',
  description:
    'The successor has the same rights and shares credits and rate limits. The old key lives on for grace_s.',
  access: can('keys.manage'),
  limit: 'write',
  audit: { action: 'key.rotated', target: 'params.keyId' },
  input: { params: keyParams, body: rotateKeyBody.prefault({}) },
  output: createdKeyView,
  status: 201,
  location: ({ id }) => `/keys/v1/keys/${id}`,
  errors: [
    ...[keyErrors.NotFound, keyErrors.NotAlive, keyErrors.AlreadyRotated, keyErrors.ScopeTooWide],
    ...[keyErrors.BeyondOwnLimits, keyErrors.Impersonated],
  ],
  handler: async (ctx, { params, body }) =>
    presentIssued(await rotateKey(ctx, params.keyId, body.grace_s), ctx.now()),
})

const revokeKeyRoute = defineRoute({
  id: 'revokeKey',
  method: 'post',
  path: '/keys/:keyId/revoke',
  summary: 'Revoke an API key for good',
  description: 'The key is refused everywhere within a second. Safe to repeat.',
  access: can('keys.manage'),
  limit: 'write',
  audit: { action: 'key.revoked', target: 'params.keyId' },
  input: { params: keyParams },
  output: keyView,
  errors: [keyErrors.NotFound],
  handler: async (ctx, { params }) => presentKey(await revokeKey(ctx, params.keyId), ctx.now()),
})

const verifyKeyRoute = defineRoute({
  id: 'verifyKey',
  method: 'post',
  path: '/verify',
  summary: 'Is this key good for these scopes and this cost?',
  description:
    'Answers 200 with `valid` and `code`, and spends `cost` where the key has credits. Any text that is not a key of ' +
    'your organisation answers NOT_FOUND.',
  access: can('keys.verify'),
  limit: 'verify',
  audit: unaudited('counted in the usage of the key'),
  transaction: 'manual',
  onTrial: true,
  input: { body: verifyKeyBody },
  output: verifyView,
  errors: [keyErrors.UnknownLimit],
  handler: (ctx, { body }) => verifyKey(ctx, body),
})

const keyUsageRoute = defineRoute({
  id: 'getKeyUsage',
  method: 'get',
  path: '/keys/:keyId/usage',
  summary: 'Use of one API key over time',
  access: can('keys.usage'),
  limit: 'read',
  audit: reading,
  input: { params: keyParams, query: usageQuery },
  output: usageView,
  errors: [keyErrors.NotFound, keyErrors.RangeTooLong],
  handler: (ctx, { params, query }) => readKeyUsage(ctx, params.keyId, query),
})

const usageRoute = defineRoute({
  id: 'getUsage',
  method: 'get',
  path: '/usage',
  summary: 'Use of all API keys over time',
  access: can('keys.usage'),
  limit: 'read',
  audit: reading,
  input: { query: usageQuery },
  output: usageView,
  errors: [keyErrors.RangeTooLong],
  handler: (ctx, { query }) => readTenantUsage(ctx, query),
})

const leakedRoute = defineRoute({
  id: 'reportLeakedKeys',
  method: 'post',
  path: '/leaked',
  summary: 'Report leaked API keys',
  description:
    "Takes a secret scanner's list (`[{ token, type, url, source }]`) or `{ tokens: […] }`. Each key found is revoked, " +
    'or put on a grace time where its owner chose to rotate, and its organisation is told.',
  access: open('whoever holds the text of a key may have it stopped, like a secret scanner that found it'),
  limit: 'auth',
  audit: unaudited('each key found leaves a line in the chain of its own organisation'),
  transaction: 'system',
  input: { body: leakedBody },
  output: leakedView,
  handler: async (ctx, { body }) => ({ data: await reportLeaked(ctx, body) }),
})

/** In URL order. */
export const routes = [
  createKeyRoute,
  listKeysRoute,
  getKeyRoute,
  updateKeyRoute,
  deleteKeyRoute,
  rotateKeyRoute,
  revokeKeyRoute,
  keyUsageRoute,
  verifyKeyRoute,
  usageRoute,
  leakedRoute,
]
