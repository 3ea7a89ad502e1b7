import type pg from 'pg'
import { newId } from '../../kernel/ids.js'
import { VERSION } from '../../version.js'
import { appendToolLine } from './audit-line.js'
import { readCatalogue } from './catalogue.js'
import {
  type ErasureCertificate,
  type RemainingBackup,
  type SignedCertificate,
  signCertificate,
} from './certificate.js'
import { type Deleted, deleteRows } from './delete-rows.js'
import { erasePeople, peopleOfNobodyElse } from './erase-people.js'
import { findTenant } from './export-tenant.js'
import { GLOBAL_TABLES } from './global-tables.js'
import { withPermit } from './permit.js'
import { announce, installationOf, type TenantContext, untilShut, withClient } from './tenant-context.js'
import { tenantError } from './tenant-error.js'
import { eachObject } from './tenant-objects.js'

export interface EraseOptions {
  /** Slug or id. */
  readonly slug: string
  /** The slug once more. */
  readonly confirm: string
  /** People who belong to no other tenant keep their accounts. */
  readonly keepPeople?: boolean | undefined
  /** Backups that have the tenant; undefined where nobody looked. */
  readonly backups?: readonly RemainingBackup[] | undefined
}

/**
 * Erases a tenant for good: its rows in every table, its audit chain, its objects, its counters, and the people who
 * belong to nobody else. It is shut out first. Rows go in one transaction, last of all: until it commits the tenant is
 * there to be erased again. Answers the certificate, whose digest is in the installation's audit chain.
 */
export async function eraseTenant(context: TenantContext, options: EraseOptions): Promise<SignedCertificate> {
  return withClient(context.connectSystem, async (client) => {
    const tenant = await findTenant(client, options.slug)
    if (options.confirm !== tenant.slug)
      throw tenantError(
        'not_confirmed',
        `Erasing "${tenant.slug}" cannot be taken back.`,
        `Confirm it: --confirm ${tenant.slug}`,
      )
    context.step?.('shutting the tenant out')
    await shut(context, client, tenant)
    context.step?.('objects')
    const objects = await eraseObjects(context, tenant.id)
    context.step?.('rows')
    const signed = await withPermit(context, 'erase', tenant.id, (token) =>
      new Erasure(context, client, tenant, options).run(token, objects),
    )
    await announce(context, tenant.id, tenant.slug)
    return signed
  })
}

/** Marks it as about to be deleted: should this end early, the server’s own purge finishes it in a day. */
async function shut(
  context: TenantContext,
  client: pg.Client,
  { id, slug }: { id: string; slug: string },
): Promise<void> {
  await client.query(
    `update tenants set status = 'deleting', delete_requested_at = coalesce(delete_requested_at, now()),
       purge_after = coalesce(least(purge_after, now() + interval '1 day'), now() + interval '1 day') where id = $1`,
    [id],
  )
  await announce(context, id, slug)
  await untilShut(context)
}

class Erasure {
  constructor(
    private readonly context: TenantContext,
    private readonly client: pg.Client,
    private readonly tenant: { id: string; slug: string },
    private readonly options: EraseOptions,
  ) {}

  async run(token: string, objects: { count: number; bytes: number }): Promise<SignedCertificate> {
    const { client, tenant, context } = this
    await client.query('begin')
    try {
      await client.query('select 1 from tenants where id = $1 for update', [tenant.id])
      const people = this.options.keepPeople ? [] : await peopleOfNobodyElse(client, tenant.id)
      const tables = await this.#rows(people)
      const audit = await this.#audit(token)
      const redisKeys = await eraseCounters(context, tenant.id)
      const erased = { people: people.length, objects, redis_keys: redisKeys }
      const signed = await this.#sign({ ...tables, audit_logs: audit.lines }, erased, audit)
      await this.#record(signed)
      await client.query('commit')
      return signed
    } catch (error) {
      await client.query('rollback').catch(() => undefined)
      throw error
    }
  }

  async #rows(people: readonly string[]): Promise<Deleted> {
    const { client, tenant } = this
    const { tables, globals } = await readCatalogue(client)
    const deleted: Deleted = {}
    for (const name of globals) {
      const rule = GLOBAL_TABLES[name]
      // Fails closed: nobody has said what of it belongs to a tenant.
      if (!rule)
        throw tenantError(
          'no_rule',
          `Nothing says what of the table ${name} belongs to a tenant.`,
          'Use the version that made this schema.',
        )
      if (rule.erase !== 'tenant') continue
      const { rowCount } = await client.query(
        `delete from ${name} where ${rule.tenantColumn ?? 'tenant_id'} = $1`,
        [tenant.id],
      )
      if (rowCount) deleted[name] = rowCount
    }
    return {
      ...deleted,
      ...(await deleteRows(client, tables, tenant.id)),
      ...(await erasePeople(client, people, tenant.id)),
    }
  }

  async #audit(token: string): Promise<ErasureCertificate['audit']> {
    const { rows } = await this.client.query<{ head: string }>(
      `select encode(hash, 'hex') as head from audit_logs where tenant_id = $1 order by sequence desc limit 1`,
      [this.tenant.id],
    )
    const erased = await this.client.query<{ lines: number }>('select audit_erase($1, $2)::float8 as lines', [
      token,
      this.tenant.id,
    ])
    return { lines: erased.rows[0]?.lines ?? 0, head: rows[0]?.head ?? null }
  }

  async #sign(
    tables: Deleted,
    erased: Omit<ErasureCertificate['erased'], 'tables' | 'rows'>,
    audit: ErasureCertificate['audit'],
  ): Promise<SignedCertificate> {
    const { context, client, tenant } = this
    return signCertificate(context, client, {
      certificate: 'vetrai.erasure',
      version: 1,
      tenant: { id: tenant.id, slug: tenant.slug },
      installation: { fingerprint: installationOf(context).slice(0, 16), version: VERSION },
      erased_at: context.now().toISOString(),
      erased_by: context.actor,
      erased: {
        tables,
        rows: Object.values(tables).reduce((sum, rows) => sum + rows, 0),
        ...erased,
      },
      audit,
      remains: [...remainsOf(this.options), ...(await keptDatabases(client))],
    })
  }

  async #record({ document, sha256 }: SignedCertificate): Promise<void> {
    const { id, slug } = this.tenant
    const { erased, audit } = document
    await appendToolLine(this.client, {
      ...{ tenantId: null, action: 'tenant.erased', target: id, actor: this.context.actor },
      detail: {
        ...{ slug, rows: erased.rows, people: erased.people, objects: erased.objects.count },
        ...{ audit, certificate_sha256: sha256 },
      },
    })
    // Tells the services; it names nobody, and goes with the other delivered events.
    await this.client.query(
      `insert into outbox (id, name, tenant_id, payload) values ($1, 'tenancy.tenant.purged', null, $2)`,
      [newId(), JSON.stringify({ tenantId: id, slug })],
    )
  }
}

async function eraseObjects(
  { objects }: TenantContext,
  tenantId: string,
): Promise<{ count: number; bytes: number }> {
  let [count, bytes] = [0, 0]
  for await (const key of eachObject(objects, tenantId)) {
    bytes += (await objects.head(key))?.size ?? 0
    await objects.delete(key)
    count += 1
  }
  return { count, bytes }
}

/** Removes counters that name the tenant; null where Redis is not at hand. */
async function eraseCounters({ redis }: TenantContext, tenantId: string): Promise<number | null> {
  if (!redis) return null
  try {
    let [cursor, removed] = ['0', 0]
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `*${tenantId}*`, 'COUNT', 1000)
      if (keys.length > 0) removed += await redis.del(...keys)
      cursor = next
    } while (cursor !== '0')
    return removed
  } catch {
    return null
  }
}

function remainsOf({ backups, keepPeople }: EraseOptions): ErasureCertificate['remains'] {
  const kept = keepPeople
    ? [{ what: 'accounts of its people', why: 'they were to be kept', until: null }]
    : []
  return [
    ...kept,
    {
      what: 'lines of the installation’s own audit chain that name the tenant by slug and id',
      why: 'they prove what operators did, this erasure included',
      until: null,
    },
    {
      what: 'one event that tells services of the erasure, by slug and id',
      why: 'it is removed with other delivered events',
      until: null,
    },
    {
      what: 'answers kept for repeated requests',
      why: 'sealed under hashes that name nobody; gone within a day',
      until: null,
    },
    {
      what: 'lines in log files of the server, with ids and addresses',
      why: 'logs are removed as the host rotates them',
      until: null,
    },
    {
      what: 'the write-ahead log that is archived for recovery to a point in time, where that is on',
      why: 'it goes with the backups that it belongs to',
      until: null,
    },
    ...backupsOf(backups),
  ]
}

/** Databases that gave way to a restored one and were kept have what they had. */
async function keptDatabases(client: pg.Client): Promise<ErasureCertificate['remains']> {
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database where datname like 'vetrai\\_before\\_%' order by 1`,
  )
  return rows.map(({ name }) => ({
    what: `database ${name}`,
    why: 'it gave way to a restored one and was kept: drop it when nobody wants it back',
    until: null,
  }))
}

function backupsOf(backups: EraseOptions['backups']): ErasureCertificate['remains'] {
  if (!backups)
    return [
      {
        what: 'backups made before',
        why: 'a backup is whole; retention removes it, or `vetrai backup prune`',
        until: null,
      },
    ]
  return backups.map(({ target, id, expires_at: until }) => ({
    what: `backup ${id} in ${target}`,
    why: until
      ? 'retention removes it as long as a backup is made each day'
      : 'nothing removes it by itself: delete it by hand',
    until,
  }))
}
