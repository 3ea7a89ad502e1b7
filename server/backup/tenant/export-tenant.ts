import { randomUUID } from 'node:crypto'
import type { Writable } from 'node:stream'
import type pg from 'pg'
import { schemaVersion } from '../../storage/known-migrations.js'
import { tenantPrefix } from '../../storage/object-store/tenant-prefix.js'
import { VERSION } from '../../version.js'
import { isSealing, type SealTo } from './archive-keys.js'
import { TenantArchiveWriter } from './archive-writer.js'
import { type Column, readCatalogue, type TenantTable } from './catalogue.js'
import { GLOBAL_TABLES } from './global-tables.js'
import { readmeOf } from './readme.js'
import { openColumns, type RowsToRead, readRows, type Unsealing } from './select-rows.js'
import { installationOf, type TenantContext, withClient } from './tenant-context.js'
import { tenantError } from './tenant-error.js'
import { type RowsEntry, sealManifest, TENANT_FORMAT, type TenantManifest } from './tenant-manifest.js'
import type { ObjectsOf } from './tenant-objects.js'

export interface ExportOptions {
  /** Slug or id. */
  readonly slug: string
  readonly to: SealTo
  readonly out: Writable
  /** Name and time of the archive, where it is read more than once from data that stand still. */
  readonly stamp?: { readonly id: string; readonly createdAt: string }
  /** The archive is read in this process and lies nowhere, so that it has secrets without being encrypted. */
  readonly inMemory?: boolean
}

/** What a tenant is read from: the living installation, or a backup of it. */
export interface ExportSource extends Pick<TenantContext, 'connectSystem' | 'secrets' | 'sealed' | 'step'> {
  readonly objects: ObjectsOf
}

type TenantRow = Pick<TenantManifest['tenant'], 'id' | 'slug' | 'name'>

/** People of a tenant: its members, and those whose account it manages. */
export const PEOPLE_OF = `(select user_id from memberships where tenant_id = $1
  union select id from users where managed_by_tenant_id = $1)`

/**
 * Writes an archive of one tenant: every row of every table of tenants from one snapshot, its people, its objects.
 * Nothing is changed and nobody waits. Values that the installation keeps sealed go in, opened, only where the archive
 * is encrypted. Answers the manifest; whatever fails leaves an archive that every reader refuses.
 */
export async function exportTenant(source: ExportSource, options: ExportOptions): Promise<TenantManifest> {
  const hasSecrets = isSealing(options.to) || options.inMemory === true
  return withClient(source.connectSystem, async (client) => {
    await client.query('begin isolation level repeatable read read only')
    const tenant = await findTenant(client, options.slug)
    const writer = new TenantArchiveWriter(options.out, options.to)
    try {
      await writer.add('README.txt', Buffer.from(readmeOf(tenant.slug)))
      const manifest = await new TenantExport(source, client, writer, tenant, hasSecrets).run(options.stamp)
      await writer.finish(manifest)
      return manifest
    } catch (error) {
      await writer.abandon(error as Error)
      throw error
    } finally {
      await client.query('rollback').catch(() => undefined)
    }
  })
}

/** The tenant of this slug or id; throws BackupError where there is none. */
export async function findTenant(client: Pick<pg.Client, 'query'>, slugOrId: string): Promise<TenantRow> {
  const { rows } = await client.query<TenantRow>(
    'select id, slug, name from tenants where slug = $1 or id::text = $1',
    [slugOrId],
  )
  if (rows[0]) return rows[0]
  throw tenantError('not_found', `There is no tenant "${slugOrId}".`, 'List them with `vetrai tenants list`.')
}

class TenantExport {
  readonly #leftOut = new Map<string, TenantManifest['left_out'][number]>()

  constructor(
    private readonly source: ExportSource,
    private readonly client: pg.Client,
    private readonly writer: TenantArchiveWriter,
    private readonly tenant: TenantRow,
    private readonly hasSecrets: boolean,
  ) {}

  async run(stamp: ExportOptions['stamp']): Promise<TenantManifest> {
    const { rows } = await this.client.query<{ at: Date; migrations: string[] }>(
      `select now() as at, (select coalesce(array_agg(name order by name), '{}') from schema_migrations) as migrations`,
    )
    const [about] = rows
    const catalogue = await readCatalogue(this.client)
    this.source.step?.(`people of ${this.tenant.slug}`)
    const people = await this.#people(catalogue.globals)
    const tables: RowsEntry[] = []
    for (const table of catalogue.tables) tables.push(await this.#table(table))
    const audit = await this.#auditHead()
    this.source.step?.('objects')
    await this.#objects()
    return sealManifest({
      format: TENANT_FORMAT,
      kind: 'tenant',
      id: stamp?.id ?? randomUUID(),
      created_at: stamp?.createdAt ?? (about?.at ?? new Date()).toISOString(),
      tenant: { id: this.tenant.id, slug: this.tenant.slug, name: this.tenant.name },
      installation: installationOf(this.source),
      version: VERSION,
      schema_version: schemaVersion(about?.migrations ?? []) ?? '',
      secrets: this.hasSecrets ? 'included' : 'left_out',
      people,
      tables,
      objects: this.writer.objects,
      audit,
      left_out: [...this.#leftOut.values()],
    })
  }

  async #people(globals: readonly string[]): Promise<RowsEntry[]> {
    const entries: RowsEntry[] = []
    for (const name of globals) {
      const rule = GLOBAL_TABLES[name]
      // Fails closed: nobody has said what of it belongs to a tenant.
      if (!rule)
        throw tenantError(
          'no_rule',
          `Nothing says what of the table ${name} belongs to a tenant.`,
          'Use the version that made this schema.',
        )
      if (rule.export !== 'members' || !rule.columns) continue
      const columns = rule.columns.map((column) => ({ ...NO_COLUMN, name: column }))
      // Sessions of helpers who are no members are not the tenant's to have.
      const where =
        rule.rows === 'people' ? `t.id in ${PEOPLE_OF}` : `t.tenant_id = $1 and t.user_id in ${PEOPLE_OF}`
      entries.push(
        await this.#write(
          'people',
          { table: name, columns, order: ['id'], where, tenantId: this.tenant.id },
          [],
        ),
      )
    }
    return entries
  }

  #table(table: TenantTable): Promise<RowsEntry> {
    this.source.step?.(table.name)
    const { name } = table
    const sealed = this.source.sealed.filter((one) => one.table === name)
    const where = `t.${name === 'tenants' ? 'id' : 'tenant_id'} = $1`
    const columns = openColumns(table, sealed)
    return this.#write(
      'data',
      { table: name, columns, order: table.key, where, tenantId: this.tenant.id },
      sealed,
    )
  }

  async #write(
    folder: 'people' | 'data',
    rows: RowsToRead,
    columns: Unsealing['columns'],
  ): Promise<RowsEntry> {
    const out = this.writer.table(
      folder,
      rows.table,
      rows.columns.map(({ name }) => name),
    )
    const unsealing: Unsealing = {
      columns,
      secrets: this.hasSecrets ? this.source.secrets : undefined,
      onLeftOut: ({ table, column }, why) => this.#leaveOut(table, column, why),
    }
    for await (const line of readRows(this.client, rows, unsealing)) await out.add(line)
    return out.finish()
  }

  #leaveOut(table: string, column: string, why: string): void {
    const key = `${table}.${column}.${why}`
    const known = this.#leftOut.get(key) ?? { table, column, rows: 0, why }
    this.#leftOut.set(key, { ...known, rows: known.rows + 1 })
  }

  async #auditHead(): Promise<TenantManifest['audit']> {
    const { rows } = await this.client.query<{ lines: number; head: string | null }>(
      `select count(*)::float8 as lines,
         (select encode(hash, 'hex') from audit_logs where tenant_id = $1 order by sequence desc limit 1) as head
       from audit_logs where tenant_id = $1`,
      [this.tenant.id],
    )
    return rows[0] ?? { lines: 0, head: null }
  }

  async #objects(): Promise<void> {
    const prefix = tenantPrefix(this.tenant.id)
    for await (const { key, info, body } of this.source.objects(this.tenant.id))
      await this.writer.addObject(key.slice(prefix.length), info, body)
  }
}

const NO_COLUMN: Omit<Column, 'name'> = { json: null, isRequired: false, refersTo: null }
