import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type BuiltUser, buildKey, buildMember } from '../../../test/build.js'
import type { Answer } from '../../../test/caller.js'
import type { TestServer } from '../../../test/server.js'
import { ROLE_PASSWORDS } from '../../../test/stores.js'
import { connectionParts } from '../../storage/database.js'
import { connectOwner } from '../../storage/migrations.js'
import { tenantPrefix } from '../../storage/object-store/tenant-prefix.js'
import type { OpenWith, SealTo } from './archive-keys.js'
import type { ArchiveSource } from './archive-reader.js'
import { type Client, readCatalogue, type TenantTable } from './catalogue.js'
import { exportTenant } from './export-tenant.js'
import type { TenantContext } from './tenant-context.js'
import type { TenantManifest } from './tenant-manifest.js'
import { livingObjects } from './tenant-objects.js'

/** What the tools of tenants work with, over a test server. */
export function contextOf(server: TestServer): TenantContext {
  const { resources } = server
  const { secrets, sealed, objects, redis, config } = resources
  return {
    connectSystem: async () => {
      const client = new pg.Client({
        ...connectionParts(config.DATABASE_URL),
        user: 'vetrai_system',
        password: ROLE_PASSWORDS.system,
      })
      await client.connect()
      return client
    },
    connectOwner: () => connectOwner(config.DATABASE_URL, ROLE_PASSWORDS.owner),
    ...{ secrets, sealed, objects, redis },
    actor: 'operator@vetrai.test',
    now: resources.now,
    shutMs: 10,
  }
}

/** A superuser's connection of the test file to the server's database, which no row security binds. */
export async function connectAdmin(server: TestServer, admin: { user: string; password: string }) {
  const client = new pg.Client({ ...connectionParts(server.resources.config.DATABASE_URL), ...admin })
  // The database goes before this does.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** A folder for archives of the enclosing `describe`. */
export function useFolder(): { path(name: string): string } {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetrai-tenant-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))
  return { path: (name) => join(folder, name) }
}

/** Exports a tenant to a file. */
export async function exportTo(
  context: TenantContext,
  file: string,
  slug: string,
  to: SealTo = {},
): Promise<TenantManifest> {
  return exportTenant(
    { ...context, objects: livingObjects(context.objects) },
    { slug, to, out: createWriteStream(file) },
  )
}

/** An archive in a file. */
export function archiveAt(file: string, keys: OpenWith = {}): ArchiveSource {
  return { open: () => createReadStream(file), keys }
}

/** A member of a new tenant that has rows in every table of tenants, an object, and people of several kinds. */
export async function buildFullTenant(
  server: TestServer,
  admin: pg.Client,
  hook: string,
): Promise<BuiltUser> {
  const owner = await buildMember(server)
  const id = owner.tenant.id
  await buildMember(server, { tenant: owner.tenant, role: 'user' })
  await buildKey(owner, ['keys:read'])
  const secret = { value: 'hush-hush-hush', hosts: ['api.example.com'] }
  await ok(owner.api.put('/workers/v1/workflow-secrets/TOKEN', secret))
  const endpoint = { url: hook, event_types: ['app.*'], headers: { 'x-shop': 'kept safe' } }
  await ok(owner.api.post('/notifications/v1/webhook-endpoints', endpoint))
  await ok(owner.api.post('/tenancy/v1/invitations', { email: `guest-${id}@example.com`, role: 'user' }))
  await ok(owner.api.post('/auth/v1/tokens', { name: 'script' }))
  await server.resources.objects.put(
    `${tenantPrefix(id)}files/a report.txt`.replaceAll(' ', '_'),
    Buffer.from('a report'),
    {
      contentType: 'text/plain',
      metadata: { owner: 'somebody' },
    },
  )
  await fillEmpty(admin, id, owner.id)
  return owner
}

async function ok(answer: Promise<Answer>): Promise<void> {
  const { status, text } = await answer
  if (status >= 300) throw new Error(`${status} ${text}`)
}

/** Rows of a tenant in every table, as text in the order of their keys, with what is stored in each column. */
export async function rowsOf(admin: Client, tenantId: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {}
  for (const { name, key } of (await readCatalogue(admin)).tables) {
    const { rows } = await admin.query<{ line: string }>(
      `select t::text as line from ${name} t where ${name === 'tenants' ? 'id' : 'tenant_id'} = $1 order by ${key.join(', ')}`,
      [tenantId],
    )
    found[name] = rows.map(({ line }) => line)
  }
  return found
}

interface Described {
  name: string
  type: string
  allowed: string | null
}

/** Puts a row into every table of tenants that has none, under all constraints. */
async function fillEmpty(admin: Client, tenantId: string, userId: string): Promise<void> {
  for (const table of (await readCatalogue(admin)).tables) {
    if (table.name === 'tenants' || table.name === 'audit_logs') continue
    const { rows } = await admin.query(`select 1 from ${table.name} where tenant_id = $1 limit 1`, [tenantId])
    if (rows.length === 0) await fill(admin, table, tenantId, userId)
  }
}

/** Values that constraints of several columns ask for. */
const SPECIAL: Record<string, Record<string, string>> = {
  schedules: { cron: "'0 3 * * *'" },
  workflow_events: { data: "'null'" },
  worker_jobs: { result: "'null'", status: "'queued'" },
}

async function fill(admin: Client, table: TenantTable, tenantId: string, userId: string): Promise<void> {
  const { rows } = await admin.query<Described>(
    `select a.attname as name, format_type(a.atttypid, null) as type,
       (select (regexp_match(pg_get_constraintdef(k.oid), '''([a-z0-9_-]+)''::text'))[1] from pg_constraint k
        where k.conrelid = a.attrelid and k.contype = 'c' and k.conkey = array[a.attnum] limit 1) as allowed
     from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull and d.oid is null`,
    [table.name],
  )
  const values = new Map(rows.map((column) => [column.name, valueFor(column)]))
  for (const [name, value] of Object.entries(SPECIAL[table.name] ?? {})) values.set(name, value)
  values.set('tenant_id', `'${tenantId}'`)
  if (values.has('user_id')) values.set('user_id', `'${userId}'`)
  for (const [name, value] of await parentValues(admin, table.name, tenantId)) values.set(name, value)
  await admin.query(
    `insert into ${table.name} (${[...values.keys()].join(', ')}) values (${[...values.values()].join(', ')})`,
  )
}

/** Values of references within the tenant, from a row that is there. */
async function parentValues(admin: Client, table: string, tenantId: string): Promise<[string, string][]> {
  const { rows } = await admin.query<{ parent: string; pairs: { from: string; to: string }[] }>(
    `select k.confrelid::regclass::text as parent, (select jsonb_agg(jsonb_build_object('from', c.attname, 'to', p.attname))
       from unnest(k.conkey, k.confkey) u (child, parent)
       join pg_attribute c on c.attrelid = k.conrelid and c.attnum = u.child
       join pg_attribute p on p.attrelid = k.confrelid and p.attnum = u.parent) as pairs
     from pg_constraint k where k.conrelid = $1::regclass and k.contype = 'f' and array_length(k.conkey, 1) > 1`,
    [table],
  )
  const values: [string, string][] = []
  for (const { parent, pairs } of rows) {
    const [row] = (await admin.query(`select * from ${parent} where tenant_id = $1 limit 1`, [tenantId])).rows
    for (const { from, to } of pairs) values.push([from, `'${String(row[to])}'`])
  }
  return values
}

function valueFor({ type, allowed }: Described): string {
  if (allowed) return `'${allowed}'`
  if (type === 'uuid') return 'gen_random_uuid()'
  if (type === 'bytea') return "'\\x00ff'"
  if (type === 'json' || type === 'jsonb')
    return `'{"big": 12345678901234567890.10, "text": "a \\"line\\"\\nend"}'`
  if (type.endsWith('[]')) return "array['one']"
  if (type === 'boolean') return 'true'
  if (type === 'date' || type.startsWith('timestamp')) return 'now()'
  if (/^(integer|bigint|smallint|numeric|double)/.test(type)) return '1'
  return "'text'"
}
