import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { nothing } from '../../../kernel/schema.js'
import { readInstallationKeys, rotateSealingKey, rotateSigningKey } from '../operations/installation-keys.js'
import { presentSealingKey, presentSigningKey } from '../present.js'
import { rotateSigningKeyBody } from '../schemas.js'
import { installationKeysView, rotatedSealingKeyView, rotatedSigningKeyView } from '../views.js'

const byOperators = can('auth.installation-keys.manage')

export const readInstallationKeysRoute = defineRoute({
  id: 'readInstallationKeys',
  method: 'get',
  path: '/installation-keys',
  summary: 'See which keys the installation uses, and since when',
  description: 'Names and times only: no key ever leaves the installation.',
  access: byOperators,
  limit: 'read',
  audit: unaudited('reading'),
  input: { query: nothing },
  output: installationKeysView,
  transaction: 'system',
  handler: async (ctx) => {
    const { master, signing, sealing } = await readInstallationKeys(ctx)
    return {
      master: { id: master.id, wrapped_at: master.wrappedAt.toISOString() },
      signing: signing.map(presentSigningKey),
      sealing: sealing.map(presentSealingKey),
    }
  },
})

export const rotateSigningKeyRoute = defineRoute({
  id: 'rotateSigningKey',
  method: 'post',
  path: '/signing-keys/rotate',
  summary: 'Replace the key that access tokens are signed with',
  description:
    'The new key is published at once and signs 20 minutes later; tokens signed before stay good. With `revoke_previous` it signs at once and every access token issued before is refused: sessions go on by their refresh tokens.',
  access: byOperators,
  limit: 'write',
  audit: { action: 'signing_key.rotated', target: 'result.kid' },
  input: { body: rotateSigningKeyBody.prefault({}) },
  output: rotatedSigningKeyView,
  transaction: 'system',
  handler: async (ctx, { body }) => {
    const { key, revoked } = await rotateSigningKey(ctx, { revokePrevious: body.revoke_previous })
    return { ...presentSigningKey(key), revoked }
  },
})

export const rotateSealingKeyRoute = defineRoute({
  id: 'rotateSealingKey',
  method: 'post',
  path: '/sealing-keys/rotate',
  summary: 'Replace the key that stored secrets are sealed with',
  description:
    'The new key seals as soon as every process knows it, within half a minute; a job then seals every stored value anew. Older keys are kept until nothing is sealed with them.',
  access: byOperators,
  limit: 'write',
  audit: { action: 'sealing_key.rotated' },
  input: {},
  output: rotatedSealingKeyView,
  status: 202,
  location: ({ job_id }) => `/workers/v1/jobs/${job_id}`,
  transaction: 'system',
  handler: async (ctx) => {
    const { key, jobId } = await rotateSealingKey(ctx)
    return { ...presentSealingKey(key), job_id: jobId }
  },
})
