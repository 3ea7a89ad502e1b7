import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { DataTypes, Model, type Sequelize } from 'sequelize'
import { NOTE_TABLES, useDatabase } from '../../test/database.js'
import { expectRejection } from '../../test/expect-rejection.js'
import { newId } from '../kernel/ids.js'
import type { Database, TransactionScope } from './database.js'

class Note extends Model {
  declare id: string
  declare tenantId: string
  declare body: string

  static bindTo(sequelize: Sequelize): void {
    Note.init(
      {
        id: { type: DataTypes.UUID, primaryKey: true },
        tenantId: { type: DataTypes.UUID },
        body: { type: DataTypes.TEXT },
      },
      { sequelize, tableName: 'notes' },
    )
  }
}

const tenant = (tenantId: string): TransactionScope => ({ role: 'app', tenantId })
const SYSTEM: TransactionScope = { role: 'system', tenantId: null }
const pause = () => sleep(Math.random() * 4)

async function rawNotes(db: Database): Promise<string[]> {
  const rows = await db.query<{ tenant_id: string }>({ text: 'select tenant_id from notes' })
  return rows.map((row) => row.tenant_id)
}

const insertNote = (db: Database, tenantId: string, body: string) =>
  db.query({
    text: 'insert into notes (tenant_id, id, body) values ($1, $2, $3)',
    values: [tenantId, newId(), body],
  })

describe('a transaction scope', () => {
  const database = useDatabase(...NOTE_TABLES)
  let db: Database

  beforeEach(async () => {
    db = database.db
    Note.bindTo(await db.models())
    await database.admin('truncate notes, counters')
  })

  it('shows twenty tenants interleaving on a small pool their own rows only, by model and by statement', async () => {
    const tenants = Array.from({ length: 20 }, newId)
    const rounds = tenants.flatMap((id) => [0, 1, 2].map((round) => ({ id, round })))
    await Promise.all(
      rounds.map(({ id, round }) =>
        db.transaction(tenant(id), async () => {
          await Note.create({ id: newId(), tenantId: id, body: `model ${round}` })
          await pause()
          await insertNote(db, id, `raw ${round}`)
          await pause()
          const models = await Note.findAll()
          const raw = await rawNotes(db)
          expect(new Set(models.map((note) => note.tenantId))).to.deep.equal(new Set([id]))
          expect(new Set(raw)).to.deep.equal(new Set([id]))
        }),
      ),
    )
    for (const id of tenants) {
      const seen = await db.transaction(tenant(id), () => Note.count())
      expect(seen).to.equal(6)
    }
  })

  it('lets no tenant into the next one on a pool of one connection', async () => {
    const single = database.open({ poolMax: 1 })
    const [a, b] = [newId(), newId()]
    for (let round = 0; round < 10; round += 1) {
      const own = round % 2 === 0 ? a : b
      await single.transaction(tenant(own), () => insertNote(single, own, `note ${round}`))
      const seen = await single.transaction(tenant(own), () => rawNotes(single))
      expect(new Set(seen)).to.deep.equal(new Set([own]))
      expect(await single.transaction(tenant(own === a ? b : a), () => rawNotes(single))).not.to.include(own)
      expect(await single.transaction({ role: 'app', tenantId: null }, () => rawNotes(single))).to.deep.equal(
        [],
      )
    }
  })

  it('shows the system role the rows of all tenants', async () => {
    const [a, b] = [newId(), newId()]
    for (const id of [a, b]) await db.transaction(tenant(id), () => insertNote(db, id, 'mine'))
    await db.transaction(SYSTEM, async () => {
      expect(await rawNotes(db)).to.have.members([a, b])
      expect((await Note.findAll()).map((note) => note.tenantId)).to.have.members([a, b])
    })
  })

  it("refuses a row of another tenant and cannot touch another tenant's", async () => {
    const [own, other] = [newId(), newId()]
    await db.transaction(tenant(other), () => insertNote(db, other, 'theirs'))
    await expectRejection(
      db.transaction(tenant(own), () => insertNote(db, other, 'smuggled')),
      /row-level security/,
    )
    await expectRejection(
      db.transaction(tenant(own), () => Note.create({ id: newId(), tenantId: other, body: 'smuggled' })),
      /row-level security/,
    )
    const touched = await db.transaction(tenant(own), () =>
      db.execute({ text: "update notes set body = 'changed'" }),
    )
    const deleted = await db.transaction(tenant(own), () => Note.destroy({ where: {} }))
    expect([touched, deleted]).to.deep.equal([0, 0])
  })

  it('is joined by a nested one of the same scope, which commits and fails with it', async () => {
    const own = newId()
    await expectRejection(
      db.transaction(tenant(own), async () => {
        await db.transaction(tenant(own), () => insertNote(db, own, 'inner'))
        expect(await rawNotes(db)).to.have.length(1)
        throw new Error('outer fails')
      }),
      /outer fails/,
    )
    expect(await db.transaction(SYSTEM, () => rawNotes(db))).to.deep.equal([])
  })

  it('is joined by every nested one of the system role, whatever tenant that names', async () => {
    const single = database.open({ poolMax: 1 })
    await single.transaction(SYSTEM, () =>
      single.transaction({ role: 'system', tenantId: newId() }, () => insertNote(single, newId(), 'nested')),
    )
    expect(await db.transaction(SYSTEM, () => rawNotes(db))).to.have.length(1)
  })

  it('opens an independent transaction for another tenant, which stays when the outer one is taken back', async () => {
    const [own, other] = [newId(), newId()]
    await expectRejection(
      db.transaction(tenant(own), async () => {
        await insertNote(db, own, 'outer')
        await db.transaction(tenant(other), async () => {
          await Note.create({ id: newId(), tenantId: other, body: 'inner' })
          expect(await rawNotes(db)).to.deep.equal([other])
        })
        expect(await rawNotes(db)).to.deep.equal([own])
        throw new Error('outer fails')
      }),
      /outer fails/,
    )
    expect(await db.transaction(SYSTEM, () => rawNotes(db))).to.deep.equal([other])
  })

  it('opened inside another one never waits for a connection that such a pair holds', async () => {
    const small = database.open({ poolMax: 2 })
    const started = Date.now()
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        small.transaction(i % 3 === 0 ? SYSTEM : tenant(newId()), async () => {
          await small.query({ text: 'select 1' })
          await sleep(5)
          await small.transaction(i % 2 === 0 ? SYSTEM : tenant(newId()), () => rawNotes(small))
        }),
      ),
    )
    expect(Date.now() - started).to.be.below(3_000)
  })

  it('takes everything back when its work throws', async () => {
    const own = newId()
    await expectRejection(
      db.transaction(tenant(own), async () => {
        await insertNote(db, own, 'first')
        await Note.create({ id: newId(), tenantId: own, body: 'second' })
        throw new Error('changed my mind')
      }),
      /changed my mind/,
    )
    expect(await db.transaction(tenant(own), () => Note.count())).to.equal(0)
  })

  it('that swallowed the error of a statement fails at its end, since nothing of it was kept', async () => {
    const own = newId()
    const work = db.transaction(tenant(own), async () => {
      await insertNote(db, own, 'first')
      await db.query({ text: 'select * from nowhere' }).catch(() => undefined)
      return 'done'
    })
    await expectRejection(work, /taken back/)
    expect(await db.transaction(tenant(own), () => Note.count())).to.equal(0)
  })

  it('refuses a model and a statement where no transaction is open', async () => {
    await expectRejection(
      Promise.resolve().then(() => Note.findAll()),
      /outside a transaction/,
    )
    await expectRejection(
      Promise.resolve().then(() => Note.create({ id: newId() })),
      /outside a transaction/,
    )
    await expectRejection(db.query({ text: 'select 1' }), /outside a transaction/)
    await expectRejection(db.execute({ text: 'select 1' }), /outside a transaction/)
    expect(db.inTransaction).to.equal(false)
  })

  it('refuses work that outlives it, so that nothing runs on a connection given to the next tenant', async () => {
    const single = database.open({ poolMax: 1 })
    Note.bindTo(await single.models())
    const [own, next] = [newId(), newId()]
    const late: Promise<unknown>[] = []
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    await single.transaction(tenant(own), async () => {
      const later = (work: () => Promise<unknown>) => late.push(gate.then(work))
      later(() => rawNotes(single))
      later(() => single.execute({ text: 'delete from notes' }))
      later(() => Note.findAll())
      later(() => single.transaction(tenant(own), () => rawNotes(single)))
    })
    await single.transaction(tenant(next), async () => {
      await insertNote(single, next, 'private')
      release()
      for (const outcome of late.slice(0, 3))
        await expectRejection(outcome, /outside a transaction|commit has been called/)
      expect(await rawNotes(single)).to.deep.equal([next])
    })
    // A late transaction of its own is a new one, bound to its own tenant.
    expect(await late[3]).to.deep.equal([])
  })

  describe('work after commit', () => {
    it('runs in order, after the commit and outside of the transaction', async () => {
      const own = newId()
      const seen: string[] = []
      await db.transaction(tenant(own), async () => {
        db.afterCommit(async () => {
          await sleep(5)
          seen.push(`first ${db.inTransaction}`)
        })
        db.afterCommit(async () => {
          seen.push(`second ${(await db.transaction(tenant(own), () => rawNotes(db))).length}`)
        })
        await insertNote(db, own, 'kept')
        await db.transaction(tenant(own), async () =>
          db.afterCommit(() => seen.push('third, from a nested one')),
        )
        expect(seen).to.deep.equal([])
      })
      expect(seen).to.deep.equal(['first false', 'second 1', 'third, from a nested one'])
    })

    it('does not run when the transaction is taken back', async () => {
      let ran = false
      await expectRejection(
        db.transaction(tenant(newId()), async () => {
          db.afterCommit(() => {
            ran = true
          })
          throw new Error('no')
        }),
        /no/,
      )
      expect(ran).to.equal(false)
    })

    it('that fails is reported, undoes nothing and does not keep the rest from running', async () => {
      const reported: unknown[] = []
      const watched = database.open({ onAfterCommitError: (error) => reported.push(error) })
      const own = newId()
      let ran = false
      const result = await watched.transaction(tenant(own), async () => {
        watched.afterCommit(() => {
          throw new Error('mail is down')
        })
        watched.afterCommit(() => {
          ran = true
        })
        await insertNote(watched, own, 'kept')
        return 'done'
      })
      expect(result).to.equal('done')
      expect(ran).to.equal(true)
      expect(reported.map(String)).to.deep.equal(['Error: mail is down'])
      expect(await watched.transaction(tenant(own), () => rawNotes(watched))).to.have.length(1)
    })

    it('runs at once where no transaction is open', async () => {
      let ran = false
      db.afterCommit(() => {
        ran = true
      })
      expect(ran).to.equal(true)
    })
  })
})
