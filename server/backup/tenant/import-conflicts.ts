import type { Client, TenantTable } from './catalogue.js'
import { tenantError } from './tenant-error.js'

interface Target {
  readonly id: string
  readonly slug: string
}

/** Throws BackupError where another tenant has the slug. */
export async function requireSlug(client: Client, { id, slug }: Target): Promise<void> {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(slug))
    throw tenantError(
      'bad_slug',
      `"${slug}" is no slug.`,
      'A slug has a-z, 0-9 and -, and begins and ends with none of the latter.',
    )
  const { rows } = await client.query('select 1 from tenants where slug = $1 and id <> $2', [slug, id])
  if (rows.length === 0) return
  throw tenantError(
    'slug_taken',
    `Another tenant has the slug "${slug}".`,
    'Import it under another one: --as SLUG.',
  )
}

/** Throws BackupError with what is here of a tenant, where anything is. Its audit chain may be: it outlives a deletion. */
export async function requireNoTenant(
  client: Client,
  tables: readonly TenantTable[],
  { id, slug }: Target,
): Promise<void> {
  const found: string[] = []
  for (const { name } of tables) {
    if (name === 'audit_logs') continue
    const column = name === 'tenants' ? 'id' : 'tenant_id'
    const { rows } = await client.query<{ count: string }>(
      `select count(*)::text as count from ${name} where ${column} = $1`,
      [id],
    )
    if (rows[0] && rows[0].count !== '0') found.push(`${name} ${rows[0].count}`)
  }
  if (found.length === 0) return
  throw tenantError(
    'exists',
    `The tenant "${slug}" is here, with rows in: ${found.join(', ')}.`,
    'Add only what is missing (--conflict merge-missing), put the archive in its place (--conflict replace), or import it as another tenant (--as SLUG).',
  )
}

/** Throws BackupError where a tenant is here whose data would give way, and its slug was not repeated. */
export async function requireConfirmed(
  client: Client,
  { id, slug }: Target,
  confirm: string | undefined,
): Promise<void> {
  const { rows } = await client.query('select 1 from tenants where id = $1', [id])
  if (rows.length === 0 || confirm === slug) return
  throw tenantError(
    'not_confirmed',
    `The data of "${slug}" that is here would give way to that of the archive.`,
    `Confirm it: --confirm ${slug}`,
  )
}

/** The error in words for people, where the database refused a row. */
export function explainConflict(error: unknown): unknown {
  const { code, table, constraint } = error as { code?: string; table?: string; constraint?: string }
  if (code !== '23505' && code !== '23503') return error
  const why = code === '23505' ? 'another row here has its place' : 'a row that it belongs to is not here'
  return tenantError(
    'conflict',
    `A row of ${table ?? 'a table'} cannot be taken in: ${why} (${constraint ?? 'unknown'}). Nothing was changed.`,
    'Put the archive in the place of what is here (--conflict replace), or import it as another tenant (--as SLUG).',
    error,
  )
}
