import type { Ctx } from '../../../../kernel/context.js'
import { workflowErrors } from '../errors.js'
import { countSecrets, listSecrets, putSecret, removeSecret, type SecretEntry } from '../models/secret.js'
import type { PutSecretInput } from '../schemas.js'
import { actorOf } from './actor.js'

/** Secrets an organisation may have. */
export const SECRETS_MAX = 200

/** Stores a secret, or a new value of it. The value is encrypted and never shown again. */
export async function storeSecret(ctx: Ctx, name: string, input: PutSecretInput): Promise<SecretEntry> {
  const isKnown = (await listSecrets(ctx)).some((secret) => secret.name === name)
  if (!isKnown && (await countSecrets(ctx)) >= SECRETS_MAX)
    throw new workflowErrors.TooManySecrets({ limit: SECRETS_MAX })
  ctx.auditDetail = { hosts: input.hosts }
  return putSecret(ctx, { name, value: input.value, hosts: input.hosts, createdBy: actorOf(ctx) })
}

/** Removes a secret; steps that refer to it fail from now on. */
export async function deleteSecret(ctx: Ctx, name: string): Promise<void> {
  if (!(await removeSecret(ctx, name))) throw new workflowErrors.SecretNotFound()
}
