import { expect } from 'chai'
import { NOTE_TABLES, useDatabase } from '../../test/database.js'
import { expectRejection } from '../../test/expect-rejection.js'
import { newId } from '../kernel/ids.js'
import { connectionParts, type Database } from './database.js'

const BODIES = 'select body from notes where tenant_id = ctx.t::uuid order by body'

describe('the database', () => {
  const database = useDatabase(...NOTE_TABLES)
  const [own, other] = [newId(), newId()]
  let db: Database

  before(async () => {
    db = database.db
    for (const [tenantId, body] of [
      [own, 'ours'],
      [other, 'theirs'],
    ] as const) {
      await db.transaction({ role: 'app', tenantId }, () =>
        db.query({
          text: 'insert into notes (tenant_id, id, body) values ($1, $2, $3)',
          values: [tenantId, newId(), body],
        }),
      )
    }
  })

  describe('reading rows of a tenant in one statement', () => {
    it('finds them under the row security of that tenant', async () => {
      expect(await db.readTenant(own, { text: BODIES })).to.deep.equal([{ body: 'ours' }])
      expect(await db.readTenant(other, { name: 'bodies', text: BODIES })).to.deep.equal([{ body: 'theirs' }])
      expect(await db.readTenant(newId(), { name: 'bodies', text: BODIES })).to.deep.equal([])
    })

    it('finds nothing of another tenant, even when it asks for its id', async () => {
      const text = "select body from notes where ctx.t <> '' and tenant_id = $2"
      expect(await db.readTenant(own, { text, values: [other] })).to.deep.equal([])
      expect(await db.readTenant(own, { text, values: [own] })).to.deep.equal([{ body: 'ours' }])
    })

    it('leaves no tenant behind on the pooled connection', async () => {
      const single = database.open({ poolMax: 1 })
      for (const tenantId of [own, other, own]) {
        await single.readTenant(tenantId, { name: 'bodies', text: BODIES })
        expect(await single.readGlobal({ text: 'select body from notes' })).to.deep.equal([])
        const [left] = await single.readGlobal({
          text: "select current_setting('vetrai.tenant_id', true) as tenant",
        })
        expect(left?.tenant || null).to.equal(null)
      }
    })

    it('leaves none behind either when the statement fails', async () => {
      const single = database.open({ poolMax: 1 })
      const text = 'select (1 / (length(ctx.t) - 36))::text as body'
      await expectRejection(single.readTenant(own, { text }), /division by zero/)
      expect(await single.readGlobal({ text: 'select body from notes' })).to.deep.equal([])
    })

    it('keeps fifty readers of two tenants apart', async () => {
      const reads = Array.from({ length: 50 }, async (_, i) => {
        const rows = await db.readTenant(i % 2 === 0 ? own : other, { name: 'bodies', text: BODIES })
        expect(rows).to.deep.equal([{ body: i % 2 === 0 ? 'ours' : 'theirs' }])
      })
      await Promise.all(reads)
    })

    it('refuses a statement that does not compare with the bound tenant', async () => {
      await expectRejection(db.readTenant(own, { text: 'select body from notes' }), /ctx\.t/)
    })
  })

  it('reads no row of a tenant table without a tenant, and all of them as the system', async () => {
    expect(await db.readGlobal({ text: 'select body from notes' })).to.deep.equal([])
    expect(await db.readSystem({ text: 'select body from notes' })).to.have.length(2)
  })

  it('answers types alike in transactions and in single reads', async () => {
    const text =
      "select 9007199254740991::bigint as big, now() as at, true as yes, '{\"a\":1}'::jsonb as json, '{x,y}'::text[] as list"
    const [single] = await db.readGlobal({ text })
    const [joined] = await db.transaction({ role: 'app', tenantId: own }, () => db.query({ text }))
    for (const row of [single, joined]) {
      expect(row).to.deep.include({ big: 9_007_199_254_740_991, yes: true, json: { a: 1 }, list: ['x', 'y'] })
      expect(row?.at).to.be.an.instanceOf(Date)
    }
  })

  it('stops a statement at its time limit', async () => {
    const hasty = database.open({ statementTimeoutMs: 100 })
    await expectRejection(hasty.readGlobal({ text: 'select pg_sleep(5)' }), /statement timeout/)
    await expectRejection(
      hasty.transaction({ role: 'app', tenantId: own }, () => hasty.query({ text: 'select pg_sleep(5)' })),
      /statement timeout/,
    )
  })

  it('rejects a transaction whose connection is cut, and serves the next one', async () => {
    const single = database.open({ poolMax: 1 })
    const scope = { role: 'app', tenantId: own } as const
    const pid = async () =>
      (await single.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' }))[0]?.pid
    await expectRejection(
      single.transaction(scope, async () => {
        await database.admin(`select pg_terminate_backend(${await pid()})`)
        await single.query({ text: 'select 1' })
      }),
      /terminat|connection/i,
    )
    const idle = await single.transaction(scope, pid)
    await database.admin(`select pg_terminate_backend(${idle})`)
    // The pool hears of it in a moment.
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(await single.transaction(scope, pid)).not.to.equal(idle)
  })

  it('keeps nothing of a transaction whose connection is cut before the commit', async () => {
    const single = database.open({ poolMax: 1 })
    const scope = { role: 'app', tenantId: own } as const
    let effects = 0
    await expectRejection(
      single.transaction(scope, async () => {
        single.afterCommit(() => {
          effects += 1
        })
        await single.query({ text: "insert into counters (id, name) values (gen_random_uuid(), 'lost')" })
        const [row] = await single.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' })
        await database.admin(`select pg_terminate_backend(${row?.pid})`)
      }),
      /terminat|connection/i,
    )
    expect(await db.readGlobal({ text: "select 1 from counters where name = 'lost'" })).to.deep.equal([])
    expect(effects).to.equal(0)
  })

  it('says which server answers, and how its connections are used', async () => {
    expect(await db.ping()).to.match(/^\d+\.\d+/)
    expect(db.poolUse().map(({ role }) => role)).to.include.members(['app', 'system'])
  })
})

describe('a PostgreSQL address', () => {
  it('names host, port and database, or the folder of a socket', () => {
    expect(connectionParts('postgres://db.internal:6432/back%20office')).to.deep.equal({
      host: 'db.internal',
      port: 6432,
      database: 'back office',
    })
    expect(connectionParts('postgres:///vetrai?host=/run/pg&port=5433')).to.deep.equal({
      host: '/run/pg',
      port: 5433,
      database: 'vetrai',
    })
    expect(connectionParts('postgres://[::1]/')).to.deep.equal({
      host: '::1',
      port: 5432,
      database: 'vetrai',
    })
  })
})
