import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { unique } from '../../../test/build.js'
import { useDatabase } from '../../../test/database.js'
import { dumpSchema } from '../../../test/dump-schema.js'
import { ROLE_PASSWORDS } from '../../../test/stores.js'
import { SCHEMA_FILE } from '../../../test/write-schema.js'
import type { DatabaseManifest } from '../manifest.js'
import { compareDatabase } from './compare-database.js'
import { createScratch } from './create-scratch.js'
import { dropDatabase } from './drop-database.js'
import { dumpDatabase } from './dump-database.js'
import { loadDatabase } from './load-database.js'
import { migrateTo } from './migrate-to.js'
import { type DatabaseLogin, withClient } from './open-client.js'
import { openSnapshot } from './open-snapshot.js'
import { tableChecksums } from './table-checksums.js'
import { fillTables, loginsOf, MemoryParts } from './test-support.js'

describe('a database that is dumped and loaded', function () {
  this.timeout(60_000)
  const database = useDatabase()
  const parts = new MemoryParts()
  let logins: Awaited<ReturnType<typeof loginsOf>>
  let manifest: DatabaseManifest

  before(async () => {
    logins = await loginsOf(database.name)
    const filled = await fillTables(logins.admin)
    expect(filled).to.have.length.above(55)
    const snapshot = await openSnapshot(logins.backup)
    manifest = await dumpDatabase({ snapshot, writePart: parts.write })
    await snapshot.close()
  })
  for (const owner of ['vetrai_owner', 'vetrai_backup'] as const) {
    it(`has the same schema, rows and order when ${owner} owns it`, async () => {
      const scratch = unique('vetrai_scratch').replaceAll('-', '_')
      const maker = owner === 'vetrai_owner' ? logins.admin : logins.backup
      const login: DatabaseLogin = {
        ...(owner === 'vetrai_owner' ? logins.owner : logins.backup),
        database: scratch,
      }
      await createScratch({ login: maker, name: scratch, owner })
      await migrateTo({ login, migrations: manifest.migrations })
      await loadDatabase({ login, manifest, readPart: parts.read, inOrder: true })

      const [there, here] = await Promise.all(
        [{ ...logins.admin, database: scratch }, logins.admin].map((one) => withClient(one, tableChecksums)),
      )
      expect(there).to.deep.equal(here)
      const snapshot = await openSnapshot({ ...logins.backup, database: scratch })
      const compared = await compareDatabase({ snapshot, manifest, readPart: parts.read })
      await snapshot.close()
      expect(compared.filter(({ equal }) => !equal)).to.deep.equal([])
      const schema = await withClient({ ...logins.admin, database: scratch }, dumpSchema)
      const golden = await readFile(SCHEMA_FILE, 'utf8')
      if (owner === 'vetrai_owner') expect(schema).to.equal(golden)
      else expect(ofOwner(schema)).to.equal(ofOwner(golden))
      // What a drilled server does at once: it writes the audit log, whose rows only the owner may add.
      const app = { ...login, role: 'vetrai_app', password: ROLE_PASSWORDS.app }
      expect((await withClient(app, (client) => client.query(AUDIT))).rows).to.deep.equal([{ ok: true }])
      await dropDatabase({ login: maker, name: scratch })
    })
  }
})

const AUDIT = `
  select audit_append('00000000-0000-0000-0000-000000000000', 'a', null, 'success', 'user', null, null, '', '', '{}') > 0 as ok`

/** Without what differs for the owner: it is granted nothing, and does what policies let vetrai_owner do. */
const ofOwner = (schema: string) =>
  schema
    .replaceAll('vetrai_backup, vetrai_owner', 'vetrai_owner')
    .replaceAll(/^grant .* to vetrai_backup;\n/gm, '')
