import type { Ctx } from '../../../../kernel/context.js'
import { insertSigningKey } from '../models/webhook-key.js'
import { pairedKey, sharedKey } from '../signing/generate-key.js'
import type { Scheme } from '../signing/signature.js'

/** Gives an endpoint a new key for each scheme; answers the shared secret, where there is one. */
export async function makeKeys(
  ctx: Ctx,
  endpointId: string,
  schemes: readonly Scheme[],
  givenSecret?: string,
): Promise<string | null> {
  const keys = schemes.map((scheme) => (scheme === 'v1' ? sharedKey(givenSecret) : pairedKey()))
  for (const key of keys) await insertSigningKey(ctx, endpointId, key)
  return keys.find(({ secret }) => secret !== null)?.secret ?? null
}
