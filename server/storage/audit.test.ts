import { expect } from 'chai'
import { useDatabase } from '../../test/database.js'
import { expectRejection } from '../../test/expect-rejection.js'
import { newId } from '../kernel/ids.js'
import { type AuditLine, appendAudit, INSTALLATION_CHAIN, verifyChain } from './audit.js'
import type { Database, TransactionScope } from './database.js'

const SYSTEM: TransactionScope = { role: 'system', tenantId: null }

function line(tenantId: string | null, more: Partial<AuditLine> = {}): AuditLine {
  return {
    tenantId,
    action: 'note.created',
    target: newId(),
    outcome: 'success',
    actorKind: 'user',
    actorId: newId(),
    impersonatorId: null,
    ip: '192.0.2.1',
    requestId: 'request-1',
    detail: { text: 'a "quoted" détail', n: 1.5 },
    ...more,
  }
}

describe('the audit log', () => {
  const database = useDatabase()
  let db: Database
  let tenant: string

  beforeEach(() => {
    db = database.db
    tenant = newId()
  })

  const inTenant = <T>(work: () => Promise<T>, id = tenant) =>
    db.transaction({ role: 'app', tenantId: id }, work)
  const verify = (id: string | null = tenant) => db.transaction(SYSTEM, () => verifyChain(db, id))
  const append = (count: number) =>
    inTenant(async () => {
      for (let i = 0; i < count; i += 1) await appendAudit(db, line(tenant))
    })

  it('chains fifty lines that are written at the same time without a gap', async () => {
    await Promise.all(Array.from({ length: 50 }, () => inTenant(() => appendAudit(db, line(tenant)))))
    expect(await verify()).to.deep.equal({ ok: true, checked: 50, broken_at: null })
    const { rows } = await database.admin(
      `select sequence from audit_logs where tenant_id = '${tenant}' order by 1`,
    )
    expect(rows.map((row) => Number(row.sequence))).to.deep.equal(Array.from({ length: 50 }, (_, i) => i + 1))
  })

  it('keeps the chains of tenants and of the installation apart', async () => {
    const other = newId()
    await append(3)
    await inTenant(() => appendAudit(db, line(other)), other)
    const [before] = await Promise.all([verify(null)])
    await inTenant(() => appendAudit(db, line(null)))
    expect(await verify()).to.include({ ok: true, checked: 3 })
    expect(await verify(other)).to.include({ ok: true, checked: 1 })
    expect(await verify(null)).to.include({ ok: true, checked: (before?.checked ?? 0) + 1 })
  })

  it('keeps no line of a transaction that is taken back, and goes on without a gap', async () => {
    await append(1)
    await expectRejection(
      inTenant(async () => {
        await appendAudit(db, line(tenant))
        throw new Error('no')
      }),
      /no/,
    )
    await append(1)
    expect(await verify()).to.include({ ok: true, checked: 2 })
  })

  it('lets a tenant verify its own chain, and an empty one is whole', async () => {
    expect(await inTenant(() => verifyChain(db, tenant))).to.deep.equal({
      ok: true,
      checked: 0,
      broken_at: null,
    })
    await append(2)
    expect(await inTenant(() => verifyChain(db, tenant))).to.include({ ok: true, checked: 2 })
  })

  describe('shows what somebody did to it past the database’s guards', () => {
    const tampered = async (sql: string) => {
      await append(5)
      const own = `tenant_id = '${tenant}'`
      await database.admin(`set session_replication_role = replica; ${sql.replaceAll('OWN', own)}`)
      return verify()
    }
    const cases: Record<string, [sql: string, brokenAt: number]> = {
      'a changed action': ["update audit_logs set action = 'note.read' where OWN and sequence = 3", 3],
      'a changed actor': ['update audit_logs set actor_id = null where OWN and sequence = 1', 1],
      'a changed detail': [`update audit_logs set detail = '{"n": 2}' where OWN and sequence = 4`, 4],
      'a changed time': [
        "update audit_logs set created_at = created_at + interval '1 ms' where OWN and sequence = 2",
        2,
      ],
      'a changed address': ["update audit_logs set ip = '192.0.2.2' where OWN and sequence = 2", 2],
      'a removed line': ['delete from audit_logs where OWN and sequence = 3', 3],
      'a removed first line': ['delete from audit_logs where OWN and sequence = 1', 1],
      'a cut-off end': ['delete from audit_logs where OWN and sequence > 3', 4],
      'an emptied chain': ['delete from audit_logs where OWN', 1],
      'a removed head': ['delete from audit_heads where OWN', 6],
      'a removed line that was renumbered over': [
        'delete from audit_logs where OWN and sequence = 3; update audit_logs set sequence = 1 - sequence where OWN and sequence > 3; update audit_logs set sequence = - sequence where OWN and sequence < 0',
        3,
      ],
      'two lines that changed places': [
        'update audit_logs set sequence = case sequence when 2 then 30 else 20 end where OWN and sequence in (2, 3); update audit_logs set sequence = sequence / 10 where OWN and sequence >= 20',
        2,
      ],
    }
    for (const [name, [sql, brokenAt]] of Object.entries(cases)) {
      it(name, async () => {
        expect(await tampered(sql)).to.include({ ok: false, broken_at: brokenAt })
      })
    }

    it('a line moved to another tenant', async () => {
      const other = newId()
      await inTenant(() => appendAudit(db, line(other)), other)
      const moved = `update audit_logs set tenant_id = '${other}' where OWN and sequence = 2`
      expect(await tampered(moved)).to.include({ ok: false, broken_at: 2 })
      expect(await verify(other)).to.include({ ok: false, broken_at: 2 })
    })
  })

  describe('does not let vetrai_app', () => {
    const refused = async (sql: string, words: RegExp = /permission denied/) => {
      await append(1)
      await expectRejection(
        inTenant(() => db.query({ text: sql })),
        words,
      )
      expect(await verify()).to.include({ ok: true })
    }

    it('change, delete, empty or write lines itself', async () => {
      await refused("update audit_logs set action = 'x'")
      await refused('delete from audit_logs')
      await refused('truncate audit_logs')
      await refused('insert into audit_logs (tenant_id) values (gen_random_uuid())')
    })

    it('see or move the heads', async () => {
      await refused('select * from audit_heads')
      await refused('update audit_heads set sequence = 0')
      await refused('delete from audit_heads')
    })

    it("append to another tenant's chain, or to one without a tenant of its own", async () => {
      await expectRejection(
        inTenant(() => appendAudit(db, line(newId()))),
        /another tenant/,
      )
      const noTenant = { role: 'app', tenantId: null } as const
      await expectRejection(
        db.transaction(noTenant, () => appendAudit(db, line(tenant))),
        /another tenant/,
      )
    })

    it("verify another tenant's chain or the installation's", async () => {
      await expectRejection(
        inTenant(() => verifyChain(db, newId())),
        /another tenant/,
      )
      await expectRejection(
        inTenant(() => verifyChain(db, null)),
        /another tenant/,
      )
    })

    it('read the lines of another tenant or of the installation', async () => {
      await append(1)
      await inTenant(() => appendAudit(db, line(null)))
      const seen = await inTenant(() =>
        db.query<{ tenant_id: string }>({ text: 'select tenant_id from audit_logs' }),
      )
      expect(seen.map((row) => row.tenant_id)).to.deep.equal([tenant])
      expect(seen).not.to.deep.include({ tenant_id: INSTALLATION_CHAIN })
    })
  })

  it('lets not even its owner change or delete a line', async () => {
    await append(1)
    for (const sql of [
      "update audit_logs set action = 'x'",
      'delete from audit_logs',
      'truncate audit_logs',
    ]) {
      await expectRejection(database.admin(sql), /append-only/)
    }
    await expectRejection(
      db.transaction(SYSTEM, () => db.query({ text: 'delete from audit_logs' })),
      /permission denied/,
    )
  })
})
