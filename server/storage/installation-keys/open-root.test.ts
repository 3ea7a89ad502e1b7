import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { useDatabase } from '../../../test/database.js'
import { expectRejection } from '../../../test/expect-rejection.js'
import { sealedColumn } from '../../kernel/sealed-column.js'
import { Secrets } from '../../kernel/secrets.js'
import { type OpenRootOptions, openRootKey } from './open-root.js'

const VALUES = sealedColumn({
  table: 'values_of_test',
  column: 'sealed',
  key: ['id'],
  context: ({ id }) => `test:${id}`,
})
const secret = () => randomBytes(32).toString('hex')

describe('the root key', () => {
  const database = useDatabase(
    'create table values_of_test (id integer primary key, sealed bytea)',
    'grant select on values_of_test to vetrai_system',
  )
  const open = (master: string, previous?: string, more: Partial<OpenRootOptions> = {}) =>
    openRootKey({ db: database.db, master, previous, sealed: [VALUES], ...more })
  const rows = async () =>
    (await database.admin('select id, wrapped, wrapped_by from installation_keys')).rows
  const sealWith = (master: string, id: number) =>
    database.admin(
      `insert into values_of_test values (${id}, '\\x${new Secrets(master).seal('x', `test:${id}`).toString('hex')}')`,
    )
  /** As the migration leaves a database that was in use before keys were wrapped. */
  const asBefore = () => database.admin('insert into installation_keys (id) values (0)')

  beforeEach(async () => {
    await database.admin(
      'set session_replication_role = replica; delete from installation_keys; delete from values_of_test',
    )
  })

  it('is made once for a database that was never used, whoever starts first', async () => {
    const master = secret()
    const others = Array.from({ length: 8 }, () => database.open({ poolMax: 2 }))
    const roots = await Promise.all(others.map((db) => open(master, undefined, { db })))
    expect(new Set(roots.map((root) => root.toString('hex'))).size).to.equal(1)
    expect(roots[0]?.toString('hex')).to.not.equal(master)
    expect(await open(master)).to.deep.equal(roots[0])
    expect(await rows()).to.have.length(1)
  })

  it('is the master secret itself where a database was used before keys were wrapped', async () => {
    const master = secret()
    await asBefore()
    await sealWith(master, 1)
    expect((await open(master)).toString('hex')).to.equal(master)
    expect((await open(master)).toString('hex')).to.equal(master)
    expect((await rows())[0]?.wrapped).to.not.equal(null)
  })

  it('is the master secret too where the version before wrote to the schema of this one', async () => {
    const master = secret()
    await sealWith(master, 1)
    expect((await open(master)).toString('hex')).to.equal(master)
  })

  it('survives that the secret was replaced with the very upgrade', async () => {
    const [old, master] = [secret(), secret()]
    await asBefore()
    await sealWith(old, 1)
    expect((await open(master, old)).toString('hex')).to.equal(old)
    expect((await open(master)).toString('hex')).to.equal(old)
  })

  it('is not taken from a secret that opens none of what was sealed before', async () => {
    await asBefore()
    await sealWith(secret(), 1)
    await expectRejection(open(secret(), secret()), /WrongMasterSecret/)
    expect((await rows())[0]?.wrapped).to.equal(null)
  })

  it('is taken from the secret that opens the present values, where others are from an earlier one', async () => {
    const master = secret()
    await asBefore()
    await sealWith(secret(), 1)
    await sealWith(master, 2)
    expect((await open(master)).toString('hex')).to.equal(master)
  })

  it('stays the same when the master secret is replaced, and opens with the new one only', async () => {
    const [old, master] = [secret(), secret()]
    const root = await open(old)
    expect(await open(master, old)).to.deep.equal(root)
    expect(await open(master)).to.deep.equal(root)
    await expectRejection(open(old), /WrongMasterSecret/)
  })

  it('goes back to the secret before in the same way', async () => {
    const [old, master] = [secret(), secret()]
    const root = await open(old)
    await open(master, old)
    expect(await open(old, master)).to.deep.equal(root)
    expect(await open(old)).to.deep.equal(root)
  })

  it('is wrapped anew by one of many that start at once', async () => {
    const [old, master] = [secret(), secret()]
    const root = await open(old)
    await database.admin(`
      create table wrappings (at timestamptz default clock_timestamp());
      grant insert on wrappings to vetrai_system;
      create function count_wrapping() returns trigger language plpgsql as $$ begin insert into wrappings default values; return new; end $$;
      create trigger count_wrapping after update on installation_keys for each row execute function count_wrapping()`)
    const others = Array.from({ length: 8 }, () => database.open({ poolMax: 2 }))
    const roots = await Promise.all(others.map((db) => open(master, old, { db })))
    const { rowCount } = await database.admin('select 1 from wrappings')
    await database.admin('drop trigger count_wrapping on installation_keys; drop table wrappings')
    for (const one of roots) expect(one).to.deep.equal(root)
    expect(rowCount).to.equal(1)
  })

  it('is as it was when the process dies before the new wrapping is committed', async () => {
    const [old, master] = [secret(), secret()]
    const root = await open(old)
    await database.admin(`
      create function die() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
      create trigger die after update on installation_keys for each row execute function die()`)
    await open(master, old).then(
      () => expect.fail('it should have died'),
      () => undefined,
    )
    await database.admin('drop trigger die on installation_keys')
    expect(await open(old)).to.deep.equal(root)
    expect(await open(master, old)).to.deep.equal(root)
  })

  it('is never made anew for a wrong secret, which changes nothing', async () => {
    await open(secret())
    const before = await rows()
    const error = await expectRejection(open(secret(), secret()), /WrongMasterSecret/)
    expect(error.message).to.contain('VETRAI_SECRET').and.to.contain('VETRAI_SECRET_PREVIOUS')
    expect(await rows()).to.deep.equal(before)
  })

  it('shows in the database neither itself nor the secret', async () => {
    const master = secret()
    const root = await open(master)
    const { rows: all } = await database.admin('select k::text as text from installation_keys k')
    for (const hidden of [master, root.toString('hex')]) expect(JSON.stringify(all)).to.not.contain(hidden)
  })

  it('cannot be removed, and is not seen by the role that serves requests', async () => {
    await open(secret())
    for (const text of ['delete from installation_keys', 'truncate installation_keys']) {
      const error = await database.admin(text).catch((reason: unknown) => reason)
      expect(String(error), text).to.contain('without the root key')
    }
    const app = await database.connectApp()
    for (const text of ['select 1 from installation_keys', 'update installation_keys set wrapped = null']) {
      const error = await app.query(text).catch((reason: unknown) => reason)
      expect(error, text).to.have.property('code', '42501')
    }
  })
})
