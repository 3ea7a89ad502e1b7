import type { Client } from './catalogue.js'
import type { Deleted } from './delete-rows.js'
import { PEOPLE_OF } from './export-tenant.js'

/** People of a tenant who are members of no other, are managed by no other and have no role in the installation. */
export async function peopleOfNobodyElse(client: Client, tenantId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from users u where id in ${PEOPLE_OF} and installation_role is null
       and (managed_by_tenant_id is null or managed_by_tenant_id = $1)
       and not exists (select from memberships m where m.user_id = u.id and m.tenant_id <> $1)
     for update`,
    [tenantId],
  )
  return rows.map(({ id }) => id)
}

/** Removes these people with all that hangs on their accounts; others are no longer managed by the tenant. */
export async function erasePeople(
  client: Client,
  people: readonly string[],
  tenantId: string,
): Promise<Deleted> {
  await client.query('update users set managed_by_tenant_id = null where managed_by_tenant_id = $1', [
    tenantId,
  ])
  if (people.length === 0) return {}
  // Links in mails may be for an address without an account.
  const links = await client.query(
    'delete from one_time_tokens where user_id = any($1::uuid[]) or email in (select email from users where id = any($1::uuid[]))',
    [people],
  )
  const users = await client.query('delete from users where id = any($1::uuid[])', [people])
  const counts = { one_time_tokens: links.rowCount ?? 0, users: users.rowCount ?? 0 }
  return Object.fromEntries(Object.entries(counts).filter(([, rows]) => rows > 0))
}
