import type { Ctx } from '../../../../kernel/context.js'
import { newId } from '../../../../kernel/ids.js'
import { sealedColumn } from '../../../../kernel/sealed-column.js'
import type { Database } from '../../../../storage/database.js'
import type { NewKey } from '../signing/generate-key.js'
import type { Scheme, SigningKey } from '../signing/signature.js'

/** Where the bytes of signing keys are sealed. */
export const sealedWebhookKeys = sealedColumn({
  table: 'webhook_keys',
  column: 'sealed',
  key: ['tenant_id', 'id'],
  context: (row) => sealContext(row.tenant_id, row.id),
})

/** Stores a key of an endpoint; its bytes are sealed and open in this tenant and row only. */
export async function insertSigningKey(ctx: Ctx, endpointId: string, key: NewKey): Promise<void> {
  const id = newId()
  await ctx.db.execute({
    name: 'webhook-keys-insert',
    text: `insert into webhook_keys (tenant_id, id, endpoint_id, scheme, sealed, public_key, created_at)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      ctx.tenant.id,
      id,
      endpointId,
      key.scheme,
      ctx.secrets.seal(key.bytes, sealContext(ctx.tenant.id, id)),
      key.publicKey,
      ctx.now(),
    ],
  })
}

/** The keys an endpoint's messages are signed with now: those in use and those not yet over, newest first. */
export async function signingKeys(ctx: Ctx, endpointId: string): Promise<SigningKey[]> {
  const rows = await ctx.db.query<{ id: string; scheme: Scheme; sealed: Buffer }>({
    name: 'webhook-keys-signing',
    text: `select id, scheme, sealed from webhook_keys where tenant_id = $1 and endpoint_id = $2
        and (expires_at is null or expires_at > $3) order by created_at desc, id desc`,
    values: [ctx.tenant.id, endpointId, ctx.now()],
  })
  return rows.map(({ id, scheme, sealed }) => ({
    scheme,
    bytes: ctx.secrets.unseal(sealed, sealContext(ctx.tenant.id, id)),
  }))
}

/** Ends every key of an endpoint at this time; one that ends before stays as it is. */
export async function endSigningKeys(ctx: Ctx, endpointId: string, at: Date): Promise<void> {
  await ctx.db.execute({
    name: 'webhook-keys-end',
    text: `update webhook_keys set expires_at = least(expires_at, $3) where tenant_id = $1 and endpoint_id = $2`,
    values: [ctx.tenant.id, endpointId, at],
  })
}

function sealContext(tenantId = '', keyId = ''): string {
  return `webhook-key:${tenantId}:${keyId}`
}

/** Removes keys that sign no more. Needs a system transaction. */
export async function removeExpiredKeys(db: Database, now: Date): Promise<number> {
  return db.execute({
    name: 'webhook-keys-prune',
    text: 'delete from webhook_keys where expires_at <= $1',
    values: [now],
  })
}
