import type { Ctx } from '../../../../kernel/context.js'
import { webhookErrors } from '../errors.js'
import { endSigningKeys } from '../models/webhook-key.js'
import type { RotateInput } from '../schemas/endpoints.js'
import type { IssuedEndpoint } from './create-endpoint.js'
import { requireEndpoint, requireLockedEndpoint } from './find-endpoint.js'
import { makeKeys } from './make-keys.js'

/** Keys that may sign at the same time: each adds to a header that receivers must read. */
const KEYS_MAX = 8

/**
 * Gives an endpoint new keys. Those used so far sign along for `overlap_s` seconds, so that the receiver changes over
 * whenever it likes; with 0 they end now, for a secret that leaked.
 */
export async function rotateKeys(ctx: Ctx, endpointId: string, input: RotateInput): Promise<IssuedEndpoint> {
  const endpoint = await requireLockedEndpoint(ctx, endpointId)
  const inUse = endpoint.keys.filter(({ expiresAt }) => expiresAt === null).map(({ scheme }) => scheme)
  const schemes = input.signing ?? inUse
  const living = input.overlap_s === 0 ? 0 : endpoint.keys.length
  if (living + schemes.length > KEYS_MAX) throw new webhookErrors.WebhookTooManyKeys({ limit: KEYS_MAX })

  await endSigningKeys(ctx, endpointId, new Date(ctx.now().getTime() + input.overlap_s * 1000))
  const secret = await makeKeys(ctx, endpointId, schemes, input.secret)
  ctx.auditDetail = { signing: schemes, overlap_s: input.overlap_s }
  return { endpoint: await requireEndpoint(ctx, endpointId), secret }
}
