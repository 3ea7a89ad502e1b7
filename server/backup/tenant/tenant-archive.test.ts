import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { expect } from 'chai'
import type pg from 'pg'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { useReceivers } from '../../../test/receiver.js'
import { useServer } from '../../../test/server.js'
import { ROLE_PASSWORDS, stores } from '../../../test/stores.js'
import { backgroundContext } from '../../kernel/context.js'
import { Secrets } from '../../kernel/secrets.js'
import { RECEIVER_SETTINGS } from '../../services/notifications/webhooks/test-support.js'
import { openSecrets } from '../../services/workers/workflows/models/secret.js'
import { tenantPrefix } from '../../storage/object-store/tenant-prefix.js'
import type { BackupError } from '../backup-error.js'
import { createBackup } from '../create-backup.js'
import { loginsOf } from '../database/test-support.js'
import { memoryStore } from '../test-support.js'
import { readCatalogue } from './catalogue.js'
import { certificateText } from './certificate.js'
import { eraseTenant } from './erase-tenant.js'
import { GLOBAL_TABLES } from './global-tables.js'
import { importTenant } from './import-tenant.js'
import { withPermit } from './permit.js'
import type { TenantContext } from './tenant-context.js'
import { withTenantOfBackup } from './tenant-from-backup.js'
import { HASH_COLUMNS } from './tenant-rules.js'
import {
  archiveAt,
  buildFullTenant,
  connectAdmin,
  contextOf,
  exportTo,
  rowsOf,
  useFolder,
} from './test-support.js'

const gunzip = promisify(zlib.gunzip)

describe('archives of tenants', function () {
  this.timeout(60_000)
  const server = useServer({ settings: RECEIVER_SETTINGS })
  const receivers = useReceivers()
  const folder = useFolder()
  let admin: pg.Client
  let ours: BuiltUser
  let theirs: BuiltUser

  before(async () => {
    const { postgres } = await stores()
    admin = await connectAdmin(server, { user: postgres.adminUser, password: postgres.adminPassword })
    const { url: hook } = await receivers()
    ours = await buildFullTenant(server, admin, hook)
    theirs = await buildFullTenant(server, admin, hook)
  })
  after(() => admin.end())

  const context = () => contextOf(server)
  const refusal = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work
    } catch (error) {
      return (error as BackupError).code ?? String(error)
    }
    return 'nothing was refused'
  }

  it('have a rule for every table that is no tenant’s own', async () => {
    const { globals, tables } = await readCatalogue(admin)
    expect(Object.keys(GLOBAL_TABLES).sort()).to.deep.equal([...globals].sort())
    const hashes = tables.flatMap(({ name, columns }) =>
      columns.filter((column) => /hash|token/.test(column.name)).map((column) => `${name}.${column.name}`),
    )
    expect(Object.keys(HASH_COLUMNS).sort()).to.deep.equal(hashes.sort())
  })

  it('bring an erased tenant back as it was, and leave its neighbour alone', async () => {
    const { id, slug } = ours.tenant
    const [before, neighbour] = [await rowsOf(admin, id), await rowsOf(admin, theirs.tenant.id)]
    for (const [table, rows] of Object.entries(before)) expect(rows, table).to.not.have.length(0)
    const identity = await generateX25519Identity()
    const file = folder.path('ours.age')
    const recipients = [await identityToRecipient(identity)]
    const manifest = await exportTo(context(), file, slug, { recipients })
    expect(manifest.left_out).to.deep.equal([])

    const signed = await eraseTenant(context(), { slug, confirm: slug })
    expect(await namesTenant(admin, id)).to.deep.equal(['audit_logs.target', 'outbox.payload'])
    expect((await server.resources.objects.list(`tenants/${id}/`)).objects).to.deep.equal([])
    expect(certificateText(signed)).to.contain(slug).and.to.contain(signed.sha256)
    expect(signed.document.audit.lines).to.equal(before.audit_logs?.length)
    expect(readSigned(signed.jws ?? '')).to.deep.equal(signed.document)
    const proof = await admin.query(
      "select detail from audit_logs where action = 'tenant.erased' and target = $1",
      [id],
    )
    expect(proof.rows[0]?.detail).to.include({ certificate_sha256: signed.sha256 })

    const source = archiveAt(file, { identities: [identity] })
    const report = await importTenant(context(), { source, conflict: 'refuse' })
    expect(report.people).to.deep.equal({ matched: 0, created: 2 })
    const back = await rowsOf(admin, id)
    const sealed = ['webhook_keys', 'webhook_endpoints', 'workflow_secrets']
    for (const [table, rows] of Object.entries(before)) {
      if (sealed.includes(table)) expect(back[table], table).to.have.length(rows.length)
      else expect(back[table]?.slice(0, rows.length), table).to.deep.equal(rows)
    }
    expect(back.audit_logs).to.have.length((before.audit_logs?.length ?? 0) + 1)
    expect(await rowsOf(admin, theirs.tenant.id)).to.deep.equal(neighbour)
  })

  it('are refused where a bit of them differs or their end is missing, and nothing changes', async () => {
    const file = folder.path('theirs')
    await exportTo(context(), file, theirs.tenant.slug)
    const whole = await readFile(file)
    const before = await rowsOf(admin, theirs.tenant.id)
    for (const [what, bytes] of [
      ['flipped', Buffer.from(whole).fill(whole.readUInt8(2000) ^ 1, 2000, 2001)],
      ['cut', whole.subarray(0, whole.length - 300)],
      ['empty', Buffer.alloc(0)],
      ['something else', Buffer.from('PK: not a tar')],
    ] as const) {
      await writeFile(folder.path('bad'), bytes)
      const source = archiveAt(folder.path('bad'))
      const code = await refusal(importTenant(context(), { source, conflict: 'replace' }))
      expect(code, what).to.match(/^tenant_(damaged|not_an_archive)$/)
    }
    expect(await rowsOf(admin, theirs.tenant.id)).to.deep.equal(before)
  })

  it('of a tenant that is here are refused, add what is missing or take its place, as asked', async () => {
    const { id, slug } = theirs.tenant
    const { source } = await sealed(slug)
    const before = await rowsOf(admin, id)
    expect(await refusal(importTenant(context(), { source, conflict: 'refuse' }))).to.equal('tenant_exists')
    expect(await rowsOf(admin, id)).to.deep.equal(before)

    await admin.query('delete from quotas where tenant_id = $1', [id])
    await admin.query("update schedules set name = 'changed since' where tenant_id = $1", [id])
    const merged = await importTenant(context(), { source, conflict: 'merge-missing' })
    const counts = Object.fromEntries(merged.tables.map((table) => [table.name, table]))
    expect(counts.quotas).to.include({ imported: 1, present: 0 })
    expect(counts.quota_reservations).to.include({ imported: 1, present: 0 })
    expect(counts.schedules).to.include({ imported: 0, present: 1 })
    expect((await rowsOf(admin, id)).schedules?.join()).to.contain('changed since')

    const dry = await importTenant(context(), { source, conflict: 'replace', dryRun: true })
    expect(dry.dry_run).to.equal(true)
    expect((await rowsOf(admin, id)).schedules?.join()).to.contain('changed since')
    await server.resources.objects.put(`${tenantPrefix(id)}later.txt`, Buffer.from('later'), {
      contentType: 'text/plain',
    })
    expect(await refusal(importTenant(context(), { source, conflict: 'replace' }))).to.equal(
      'tenant_not_confirmed',
    )
    const replaced = await importTenant(context(), { source, conflict: 'replace', confirm: slug })
    expect(replaced).to.deep.include({
      objects: { stored: 1, kept: 0, removed: 1 },
      people: { matched: 2, created: 0 },
      notes: [],
    })
    expect(replaced.audit).to.include({ chain: 'kept' })
    const after = await rowsOf(admin, id)
    for (const table of ['schedules', 'quotas', 'memberships', 'worker_jobs', 'tenants'])
      expect(after[table], table).to.deep.equal(before[table])
    expect((await theirs.api.get('/tenancy/v1/members')).status).to.equal(200)
  })

  it('become another tenant, which holds no credential and does no work of the first', async () => {
    const { slug, id } = theirs.tenant
    const { source } = await sealed(slug)
    const first = await rowsOf(admin, id)
    const report = await importTenant(context(), { source, conflict: 'refuse', as: 'copy-of-theirs' })
    expect(await rowsOf(admin, id)).to.deep.equal(first)
    const copy = await rowsOf(admin, report.tenant.id)
    for (const [table, rows] of Object.entries(first))
      if (table !== 'audit_logs') expect(copy[table], table).to.have.length(rows.length)
    expect(JSON.stringify({ ...copy, audit_logs: [] })).to.not.contain(id)
    const { rows } = await admin.query(
      `select (select bool_and(revoked_at is not null) from api_keys where tenant_id = $1) as revoked,
         (select count(distinct hash) from api_keys where tenant_id in ($1, $2))::int as hashes,
         (select count(*) from worker_jobs where tenant_id = $1 and status in ('queued', 'scheduled'))::int as waiting,
         (select bool_and(paused_at is not null) from schedules where tenant_id = $1) as paused`,
      [report.tenant.id, id],
    )
    expect(rows[0]).to.include({ revoked: true, hashes: 2, waiting: 0, paused: true })
    expect(report.audit.chain).to.equal('attached')
    const attached = await text((await server.resources.objects.get(report.audit.object ?? '')).body)
    expect(attached.split('\n')).to.have.length(report.audit.lines + 1)
    const tenant = { id: report.tenant.id, slug: report.tenant.slug, status: 'active' as const }
    const ctx = backgroundContext(server.resources, 'test', tenant)
    const opened = await ctx.transaction(() => openSecrets(ctx, ['TOKEN']))
    expect(opened.get('TOKEN')?.value).to.equal('hush-hush-hush')
  })

  it('come out of a full backup too, which is loaded beside the living database and goes again', async () => {
    const { id, slug } = theirs.tenant
    const store = memoryStore()
    const login = await loginsOf(server.databaseName)
    const none = { sealing: 'none', opening: 'none' } as const
    const { manifest } = await createBackup({
      ...{ store, database: login.backup, objects: server.resources.objects, kit: undefined, ...none },
      deployment: { id: 'ours', name: 'ours', runtime: 'embedded', version: '0.1.0' },
      ...{ reason: 'manual', say: () => undefined },
    })
    const before = await rowsOf(admin, id)
    await eraseTenant(context(), { slug, confirm: slug })
    const { config, sealed: columns } = server.resources
    const from = {
      ...{ store, manifest, opening: none.opening, slug, sealed: columns, backupLogin: login.backup },
      systemLogin: { ...login.backup, role: 'vetrai_system', password: ROLE_PASSWORDS.system },
      ...{
        master: config.VETRAI_SECRET,
        previous: undefined,
        step: () => undefined,
        detail: () => undefined,
      },
    }
    const report = await withTenantOfBackup(from, (source) =>
      importTenant(context(), { source, conflict: 'refuse' }),
    )
    expect(report.notes).to.deep.equal([])
    expect(report.objects).to.include({ stored: 1 })
    const after = await rowsOf(admin, id)
    for (const table of ['memberships', 'api_keys', 'workflow_events', 'worker_jobs', 'quotas'])
      expect(after[table], table).to.deep.equal(before[table])
    const { rows } = await admin.query("select datname from pg_database where datname like 'vetrai_tenant_%'")
    expect(rows).to.deep.equal([])
  })

  it('come into another installation without credentials, and with secrets that it can open', async () => {
    const { id, slug } = theirs.tenant
    const { source } = await sealed(slug)
    await eraseTenant(context(), { slug, confirm: slug })
    const secrets = new Secrets(randomBytes(32))
    const report = await importTenant({ ...context(), secrets }, { source, conflict: 'refuse' })
    expect(report.audit.chain).to.equal('taken')
    expect(report.notes.join())
      .to.contain('API keys came along revoked')
      .and.to.contain('not to be written to')
    const { rows } = await admin.query(
      `select bool_and(revoked_at is not null) as revoked,
         (select sealed from workflow_secrets where tenant_id = $1 limit 1) as sealed
       from api_keys where tenant_id = $1`,
      [id],
    )
    expect(rows[0]?.revoked).to.equal(true)
    expect(secrets.unseal(rows[0]?.sealed, `workflow-secret:${id}:TOKEN`).toString()).to.equal(
      'hush-hush-hush',
    )
  })

  it('let nobody erase or add to an audit chain without the owner’s permit for it', async () => {
    const { id } = theirs.tenant
    const system = await context().connectSystem()
    const attempt = (sql: string, values: unknown[] = []) =>
      system.query(sql, values).then(
        () => 'done',
        ({ code }: { code: string }) => code,
      )
    expect(await attempt('select audit_erase($1, $2)', ['guess', id])).to.equal('42501')
    expect(await attempt('select audit_take_in($1, $2, $3)', ['guess', id, '[]'])).to.equal('42501')
    expect(
      await attempt('insert into audit_permits values ($1, $2, $3, now())', ['x', 'erase', id]),
    ).to.equal('42501')
    await withPermit(context(), 'import', theirs.tenant.id, async (token) => {
      expect(await attempt('select audit_erase($1, $2)', [token, id])).to.equal('42501')
      expect(await attempt('select audit_take_in($1, $2, $3)', [token, ours.tenant.id, '[]'])).to.equal(
        '42501',
      )
      const forged = JSON.stringify([{ tenant_id: id, sequence: 9_999, hash: String.raw`\x00` }])
      expect(await attempt('select audit_take_in($1, $2, $3)', [token, id, forged])).to.equal('23514')
      // One transaction has had it.
      expect(await attempt('select audit_take_in($1, $2, $3)', [token, id, '[]'])).to.equal('done')
      expect(await attempt('select audit_take_in($1, $2, $3)', [token, id, '[]'])).to.equal('42501')
    })
    await attempt("select set_config('vetrai.erases_chain', $1, false)", [id])
    expect(await attempt('delete from audit_logs where tenant_id = $1', [id])).to.equal('42501')
    await system.end()
  })

  it('give nobody the data of a tenant by an address that they only typed in', async () => {
    const { owner, source } = await gone()
    await admin.query(`insert into users (id, email) values (gen_random_uuid(), $1)`, [owner.email])
    const taking = () => importTenant(context(), { source, conflict: 'refuse' })
    expect(await refusal(taking())).to.equal('tenant_unverified_person')
    expect((await rowsOf(admin, owner.tenant.id)).memberships).to.have.length(0)
    await admin.query('update users set email_verified_at = now() where email = $1', [owner.email])
    expect((await taking()).people).to.deep.equal({ matched: 1, created: 1 })
    const { rows } = await admin.query(
      `select m.role from memberships m join users u on u.id = m.user_id where u.email = $1 and m.tenant_id = $2`,
      [owner.email, owner.tenant.id],
    )
    expect(rows).to.deep.equal([{ role: 'org_admin' }])
  })

  it('that are not encrypted have no secrets, and say what is missing', async () => {
    const { slug, id } = theirs.tenant
    const file = folder.path('open')
    const manifest = await exportTo(context(), file, slug)
    expect(manifest.left_out.map(({ table }) => table).sort()).to.deep.equal([
      'webhook_endpoints',
      'webhook_keys',
      'workflow_secrets',
    ])
    expect((await gunzip(await readFile(file))).toString()).to.not.contain(
      Buffer.from('hush-hush-hush').toString('base64'),
    )
    await eraseTenant(context(), { slug, confirm: slug })
    const source = archiveAt(file)
    const failing = {
      ...context(),
      objects: {
        ...server.resources.objects,
        put: () => Promise.reject(new Error('full')),
        head: async () => undefined,
      },
    }
    expect(await refusal(importTenant(failing as TenantContext, { source, conflict: 'refuse' }))).to.contain(
      'full',
    )
    expect((await rowsOf(admin, id)).tenants).to.deep.equal([])
    const report = await importTenant(context(), { source, conflict: 'refuse' })
    expect(
      report.tables
        .filter(({ skipped }) => skipped > 0)
        .map(({ name }) => name)
        .sort(),
    ).to.deep.equal(['webhook_keys', 'workflow_secrets'])
    expect(report.notes).to.have.length(3)
  })

  /** An encrypted archive of a tenant, and what opens it. */
  async function sealed(slug: string) {
    const identity = await generateX25519Identity()
    const file = folder.path(`${slug}-${Date.now()}.age`)
    await exportTo(context(), file, slug, { recipients: [await identityToRecipient(identity)] })
    return { file, source: archiveAt(file, { identities: [identity] }) }
  }

  /** A tenant with two people that was exported and erased. */
  async function gone() {
    const owner = await buildMember(server)
    await buildMember(server, { tenant: owner.tenant, role: 'user' })
    const { slug } = owner.tenant
    const { source } = await sealed(slug)
    await eraseTenant(context(), { slug, confirm: slug })
    return { owner, source }
  }
})

/** The document of a certificate whose signature its own key made. */
function readSigned(jws: string): unknown {
  const [head = '', body = '', signature = ''] = jws.split('.')
  const { jwk } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const isGenuine = verify(
    ...(['sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }] as const),
    Buffer.from(signature, 'base64url'),
  )
  return isGenuine ? JSON.parse(Buffer.from(body, 'base64url').toString()) : undefined
}

/** Columns of the whole database in which the id of a tenant stands, whatever their type. */
async function namesTenant(admin: pg.Client, tenantId: string): Promise<string[]> {
  const { rows } = await admin.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped order by 1, 2`,
  )
  const found: string[] = []
  for (const { table, column } of rows) {
    const { rowCount } = await admin.query(`select 1 from ${table} where ${column}::text like $1 limit 1`, [
      `%${tenantId}%`,
    ])
    if (rowCount) found.push(`${table}.${column}`)
  }
  return found
}
