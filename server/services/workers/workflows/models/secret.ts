import type { Ctx } from '../../../../kernel/context.js'
import { sealedColumn } from '../../../../kernel/sealed-column.js'

/** A secret of a tenant without its value. */
export interface SecretEntry {
  name: string
  hosts: string[]
  createdBy: string
  createdAt: Date
  updatedAt: Date
}

/** Where values of secrets are sealed. */
export const sealedWorkflowSecrets = sealedColumn({
  table: 'workflow_secrets',
  column: 'sealed',
  key: ['tenant_id', 'name'],
  context: (row) => sealOf(row.tenant_id, row.name),
})

/** Stores a secret, or a new value of it; its value is sealed. */
export async function putSecret(
  ctx: Ctx,
  secret: { name: string; value: string; hosts: readonly string[]; createdBy: string },
): Promise<SecretEntry> {
  const [row] = await ctx.db.query<SecretEntry & Record<string, unknown>>({
    name: 'workflows-put-secret',
    text: `insert into workflow_secrets (tenant_id, name, sealed, hosts, created_by) values ($1, $2, $3, $4, $5)
      on conflict (tenant_id, name) do update set sealed = excluded.sealed, hosts = excluded.hosts
      returning name, hosts, created_by as "createdBy", created_at as "createdAt", updated_at as "updatedAt"`,
    values: [
      ...[ctx.tenant.id, secret.name, ctx.secrets.seal(secret.value, sealOf(ctx.tenant.id, secret.name))],
      ...[[...secret.hosts], secret.createdBy],
    ],
  })
  return row as SecretEntry
}

export async function listSecrets(ctx: Ctx): Promise<SecretEntry[]> {
  return ctx.db.query<SecretEntry & Record<string, unknown>>({
    name: 'workflows-list-secrets',
    text: `select name, hosts, created_by as "createdBy", created_at as "createdAt", updated_at as "updatedAt"
      from workflow_secrets where tenant_id = $1 order by name`,
    values: [ctx.tenant.id],
  })
}

/** Secrets a tenant has; others who add some wait until the transaction ends. */
export async function countSecrets(ctx: Ctx): Promise<number> {
  await ctx.db.query({
    name: 'workflows-lock-secret-count',
    text: "select pg_advisory_xact_lock(hashtextextended('workflow secrets of ' || $1, 0))",
    values: [ctx.tenant.id],
  })
  const [row] = await ctx.db.query<{ count: number }>({
    name: 'workflows-count-secrets',
    text: 'select count(*) as count from workflow_secrets where tenant_id = $1',
    values: [ctx.tenant.id],
  })
  return row?.count ?? 0
}

/** Removes a secret; false where there is none of the name. */
export async function removeSecret(ctx: Ctx, name: string): Promise<boolean> {
  const removed = await ctx.db.execute({
    name: 'workflows-remove-secret',
    text: 'delete from workflow_secrets where tenant_id = $1 and name = $2',
    values: [ctx.tenant.id, name],
  })
  return removed > 0
}

/** Secrets with their values, for the moment in which they are sent. */
export async function openSecrets(
  ctx: Ctx,
  names: readonly string[],
): Promise<Map<string, { value: string; hosts: string[] }>> {
  const rows = await ctx.db.query<{ name: string; sealed: Buffer; hosts: string[] }>({
    name: 'workflows-open-secrets',
    text: 'select name, sealed, hosts from workflow_secrets where tenant_id = $1 and name = any ($2::text[])',
    values: [ctx.tenant.id, [...names]],
  })
  return new Map(
    rows.map(({ name, sealed, hosts }) => [
      name,
      { value: ctx.secrets.unseal(sealed, sealOf(ctx.tenant.id, name)).toString(), hosts },
    ]),
  )
}

/** Binds what is sealed to its place, so that a row moved elsewhere opens nothing. */
function sealOf(tenantId = '', name = ''): string {
  return `workflow-secret:${tenantId}:${name}`
}
