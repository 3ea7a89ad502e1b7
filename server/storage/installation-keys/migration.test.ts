import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { useDatabase } from '../../../test/database.js'
import { ROLE_PASSWORDS } from '../../../test/stores.js'
import { connectOwner, migrateUp } from '../migrations.js'
import { openRootKey } from './open-root.js'

const NAME = '20261125220000-kernel-create-installation-keys'

describe('the migration that brings installation keys', () => {
  const database = useDatabase()
  /** The schema before it, and then it. */
  const migrateAgain = async (): Promise<void> => {
    await database.admin(`
      drop table installation_keys; drop function installation_keys_keep_root;
      delete from schema_migrations where name = '${NAME}'`)
    const owner = await connectOwner(database.url, ROLE_PASSWORDS.owner)
    expect(await migrateUp(owner)).to.deep.equal([NAME])
    await owner.end()
  }

  for (const [what, sql] of [
    ['people', "insert into users (id, email, name) values (gen_random_uuid(), 'a@example.com', 'A')"],
    ['organisations', "insert into tenants (id, slug, name) values (gen_random_uuid(), 'acme', 'Acme')"],
  ] as const) {
    it(`has a database with ${what} keep the key that its hashes were made with`, async () => {
      const master = randomBytes(32).toString('hex')
      await database.admin(sql)
      await migrateAgain()
      const root = await openRootKey({ db: database.db, master, previous: undefined, sealed: [] })
      expect(root.toString('hex')).to.equal(master)
      await database.admin('delete from users; delete from tenants')
    })
  }

  it('leaves an empty database to get a key of its own', async () => {
    await migrateAgain()
    expect((await database.admin('select 1 from installation_keys')).rowCount).to.equal(0)
  })
})
