import { readFile, writeFile } from 'node:fs/promises'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { expect } from 'chai'
import type pg from 'pg'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { useReceivers } from '../../../test/receiver.js'
import { useServer } from '../../../test/server.js'
import { stores } from '../../../test/stores.js'
import { RECEIVER_SETTINGS } from '../../services/notifications/webhooks/test-support.js'
import type { BackupError } from '../backup-error.js'
import { readCatalogue } from './catalogue.js'
import { certificateText } from './certificate.js'
import { eraseTenant } from './erase-tenant.js'
import { GLOBAL_TABLES } from './global-tables.js'
import { importTenant } from './import-tenant.js'
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
})

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
