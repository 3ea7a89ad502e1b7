import type { Resources } from '../../../kernel/resources.js'

/** What an organisation calls itself, for people who need not be its members; null when there is none of this id. */
export async function nameOfTenant({ db }: Pick<Resources, 'db'>, tenantId: string): Promise<string | null> {
  const [row] = await db.readSystem<{ name: string }>({
    name: 'tenants-name',
    text: 'select name from tenants where id = $1',
    values: [tenantId],
  })
  return row?.name ?? null
}
