import type pg from 'pg'
import { newId } from '../../kernel/ids.js'
import { type ArchiveSource, damaged, type RowsPart, readArchive } from './archive-reader.js'
import { appendToolLine, requireWholeChain } from './audit-line.js'
import { readCatalogue, type TenantTable } from './catalogue.js'
import { deleteRows } from './delete-rows.js'
import { explainConflict, requireConfirmed, requireNoTenant, requireSlug } from './import-conflicts.js'
import { ImportedObjects } from './imported-objects.js'
import { type Arrival, checkColumns, insertRows } from './insert-rows.js'
import { type ArchivedPerson, type MatchedPeople, matchPeople } from './match-people.js'
import { withPermit } from './permit.js'
import { AuditIntake, type ChainOutcome } from './take-in-audit.js'
import { announce, installationOf, type TenantContext, untilShut, withClient } from './tenant-context.js'
import type { RowsEntry, TenantManifest } from './tenant-manifest.js'
import { ARRIVAL_RULES } from './tenant-rules.js'

/** What is done where the tenant is here already. */
export type ConflictRule = 'refuse' | 'merge-missing' | 'replace'

export interface ImportOptions {
  readonly source: ArchiveSource
  /** Slug of a new tenant that the rows become; without it they keep their tenant. */
  readonly as?: string | undefined
  readonly conflict: ConflictRule
  /** The slug once more, without which the data of a tenant that is here does not give way. */
  readonly confirm?: string | undefined
  /** Does everything and takes it back. */
  readonly dryRun?: boolean | undefined
}

export interface ImportReport {
  readonly tenant: { readonly id: string; readonly slug: string }
  readonly dry_run: boolean
  /** `present`: rows that were here and stayed; `skipped`: rows that lack a value the archive has not. */
  readonly tables: readonly {
    name: string
    rows: number
    imported: number
    present: number
    skipped: number
  }[]
  readonly people: { readonly matched: number; readonly created: number }
  readonly objects: { readonly stored: number; readonly kept: number; readonly removed: number }
  readonly audit: { readonly chain: ChainOutcome; readonly lines: number; readonly object: string | null }
  readonly notes: readonly string[]
}

/**
 * Brings the tenant of an archive into this installation, all of it or nothing, in one transaction. The archive is read
 * twice: once to see that it is whole, and only then to be taken in.
 */
export async function importTenant(context: TenantContext, options: ImportOptions): Promise<ImportReport> {
  context.step?.('checking the archive')
  const people: ArchivedPerson[] = []
  const manifest = await readArchive(options.source, {
    rows: ({ folder, table, lines }) => {
      if (folder === 'people' && table === 'users')
        for (const line of lines) people.push(JSON.parse(line) as ArchivedPerson)
    },
  })
  const id = options.as ? newId() : manifest.tenant.id
  const target = { id, slug: options.as ?? manifest.tenant.slug }
  return withPermit(context, 'import', id, (token) =>
    withClient(context.connectSystem, (client) =>
      new TenantImport(context, client, options, { manifest, people, target, token }).run(),
    ),
  )
}

interface Arrived {
  manifest: TenantManifest
  people: readonly ArchivedPerson[]
  target: { id: string; slug: string }
  token: string
}

class TenantImport {
  readonly #imported = new Map<string, number>()
  readonly #skipped = new Map<string, number>()
  readonly #objects: ImportedObjects
  #statusBefore: string | undefined

  constructor(
    private readonly context: TenantContext,
    private readonly client: pg.Client,
    private readonly options: ImportOptions,
    private readonly arrived: Arrived,
  ) {
    this.#objects = new ImportedObjects(context.objects, arrived.target.id, options)
  }

  async run(): Promise<ImportReport> {
    const { target } = this.arrived
    const { tables } = await readCatalogue(this.client)
    checkColumns(tables, this.arrived.manifest.tables)
    if (this.options.conflict === 'replace' && !this.options.dryRun)
      await requireConfirmed(this.client, target, this.options.confirm)
    await this.#shut()
    try {
      await this.client.query('begin')
      const report = await this.#take(tables)
      await this.client.query(this.options.dryRun ? 'rollback' : 'commit')
      await this.#objects.settle(this.options.source)
      await announce(this.context, target.id, target.slug)
      return { ...report, objects: this.#objects.counts }
    } catch (error) {
      await this.client.query('rollback').catch(() => undefined)
      await this.#objects.takeBack()
      await this.#reopen()
      throw explainConflict(error)
    }
  }

  async #take(tables: readonly TenantTable[]): Promise<ImportReport> {
    const { manifest, people, target, token } = this.arrived
    const { conflict, as } = this.options
    await this.client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [target.id])
    await requireSlug(this.client, target)
    if (conflict === 'refuse') await requireNoTenant(this.client, tables, target)
    if (conflict === 'replace') await deleteRows(this.client, tables, target.id)
    const matched = await matchPeople(this.client, people, { from: manifest.tenant.id, to: target.id })
    const intake = await AuditIntake.begin(this.client, { token, chain: target.id, manifest })
    const arrival = this.#arrival(matched)
    try {
      await this.#load(tables, arrival, intake)
      await intake.finish()
    } catch (error) {
      await intake.abandon()
      throw error
    }
    if (intake.objectKey) this.#objects.note(intake.objectKey)
    await this.#record(intake)
    await requireWholeChain(this.client, target.id)
    return {
      tenant: target,
      dry_run: this.options.dryRun ?? false,
      tables: manifest.tables.filter(({ name }) => name !== 'audit_logs').map((entry) => this.#count(entry)),
      people: { matched: matched.matched, created: matched.created },
      objects: this.#objects.counts,
      audit: { chain: intake.outcome, lines: manifest.audit.lines, object: intake.objectKey ?? null },
      notes: notesOf(manifest, { isElsewhere: arrival.rules.length > 0, isCopy: as !== undefined }),
    }
  }

  async #load(tables: readonly TenantTable[], arrival: Arrival, intake: AuditIntake): Promise<void> {
    const { manifest } = this.arrived
    const stored = this.options.dryRun ? undefined : this.context.objects
    const take = async ({ folder, table: name, lines }: RowsPart): Promise<void> => {
      if (folder === 'people') return
      if (name === 'audit_logs') return intake.add(lines, stored)
      const table = tables.find((one) => one.name === name)
      const entry = manifest.tables.find((one) => one.name === name)
      if (!table || !entry) throw damaged('it has tables that its manifest does not name')
      if (!this.#imported.has(name)) this.context.step?.(name)
      const rows = await insertRows(this.client, table, entry, lines, arrival)
      this.#imported.set(name, (this.#imported.get(name) ?? 0) + rows)
    }
    const again = await readArchive(this.options.source, {
      rows: take,
      object: (object) => this.#objects.take(object),
    })
    if (again.seal !== manifest.seal) throw damaged('it changed while it was read')
  }

  #arrival(people: MatchedPeople): Arrival {
    const { manifest, target } = this.arrived
    const isElsewhere =
      target.id !== manifest.tenant.id || manifest.installation !== installationOf(this.context)
    const ids = new Map(people.ids)
    if (target.id !== manifest.tenant.id) ids.set(manifest.tenant.id, target.id)
    return {
      tenantId: target.id,
      slug: target.slug,
      ids,
      rules: isElsewhere ? ARRIVAL_RULES : [],
      sealed: this.context.sealed,
      secrets: this.context.secrets,
      keepsPresent: this.options.conflict === 'merge-missing',
      onSkipped: (table, rows) => this.#skipped.set(table, (this.#skipped.get(table) ?? 0) + rows),
    }
  }

  #count({ name, rows }: RowsEntry): ImportReport['tables'][number] {
    const imported = this.#imported.get(name) ?? 0
    const skipped = this.#skipped.get(name) ?? 0
    return { name, rows, imported, present: rows - imported - skipped, skipped }
  }

  async #record(intake: AuditIntake): Promise<void> {
    const { manifest, target } = this.arrived
    const line = {
      action: 'tenant.imported',
      target: target.id,
      actor: this.context.actor,
      detail: {
        slug: target.slug,
        archive: manifest.id,
        archived_at: manifest.created_at,
        conflict: this.options.conflict,
        from: { tenant: manifest.tenant.id, installation: manifest.installation.slice(0, 16) },
        chain: {
          ...{ outcome: intake.outcome, lines: manifest.audit.lines, head: manifest.audit.head },
          object: intake.objectKey ?? null,
        },
      },
    }
    await appendToolLine(this.client, { ...line, tenantId: target.id })
    await appendToolLine(this.client, { ...line, tenantId: null })
  }

  /** Shuts out a living tenant whose rows are about to be replaced, so that nobody writes between them. */
  async #shut(): Promise<void> {
    if (this.options.conflict !== 'replace' || this.options.dryRun) return
    const { id } = this.arrived.target
    const { rows } = await this.client.query<{ status: string }>(
      `update tenants t set status = 'suspended' from tenants b where t.id = $1 and b.id = t.id and t.status = 'active'
       returning b.status`,
      [id],
    )
    if (!rows[0]) return
    this.#statusBefore = rows[0].status
    await announce(this.context, id, this.arrived.target.slug)
    await untilShut(this.context)
  }

  async #reopen(): Promise<void> {
    if (this.#statusBefore === undefined) return
    const { id, slug } = this.arrived.target
    await this.client.query('update tenants set status = $2 where id = $1', [id, this.#statusBefore])
    await announce(this.context, id, slug)
  }
}

function notesOf(
  manifest: TenantManifest,
  { isElsewhere, isCopy }: { isElsewhere: boolean; isCopy: boolean },
): string[] {
  const notes = manifest.left_out.map(
    ({ table, column, rows, why }) => `${rows} values of ${table}.${column} are not in the archive: ${why}`,
  )
  if (!isElsewhere) return notes
  return [
    ...notes,
    'API keys came along revoked and invitations without their links: make new ones',
    'schedules are paused, webhook endpoints disabled and waiting work is cancelled, so that nothing is done twice',
    ...(isCopy
      ? []
      : ['addresses that are not to be written to are known by hashes of the other installation only']),
  ]
}
