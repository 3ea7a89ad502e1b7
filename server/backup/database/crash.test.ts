import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type PrivatePostgres, startPrivatePostgres } from '../../../cli/runtimes/embedded/private-stores.js'
import { expectRejection } from '../../../test/expect-rejection.js'
import { migratedDatabase, ROLE_PASSWORDS } from '../../../test/stores.js'
import { BackupError } from '../backup-error.js'
import type { Part } from '../manifest.js'
import { compareDatabase } from './compare-database.js'
import { createScratch } from './create-scratch.js'
import { type DumpOptions, dumpDatabase } from './dump-database.js'
import { loadDatabase } from './load-database.js'
import { migrateTo } from './migrate-to.js'
import { withClient } from './open-client.js'
import { openSnapshot } from './open-snapshot.js'
import { MemoryParts } from './test-support.js'

describe('a PostgreSQL that is killed', function () {
  this.timeout(120_000)
  const parts = new MemoryParts()
  let dir: string
  let postgres: PrivatePostgres
  let url: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vetrai-test-'))
    postgres = await startPrivatePostgres({ dir, fast: true })
    url = await migratedDatabase(postgres, 'vetrai')
    await withClient(owner(), (client) =>
      client.query(`
        insert into idempotency_records (scope_hash, request_hash, status, response, expires_at)
        select sha256(n::text::bytea), '', 200, convert_to(repeat(n::text, 200), 'UTF8'), now() from generate_series(1, 3000) n`),
    )
    // A server that gives up durability would forget the rows.
    await withClient(admin(), (client) => client.query('checkpoint'))
  })
  after(async () => {
    await postgres.stop()
    await rm(dir, { recursive: true, force: true })
  })

  const admin = () => ({ url, role: postgres.adminUser, password: postgres.adminPassword })
  const owner = () => ({ url, role: 'vetrai_owner', password: ROLE_PASSWORDS.owner })
  const backup = () => ({ url, role: 'vetrai_backup', password: ROLE_PASSWORDS.backup })

  async function dump(writePart: DumpOptions['writePart']) {
    const snapshot = await openSnapshot(backup())
    try {
      return await dumpDatabase({ snapshot, writePart, partBytes: 400_000 })
    } finally {
      await snapshot.close()
    }
  }

  it('ends a dump and a load with clear words, and the next of each completes', async () => {
    let written = 0
    const dying = async (name: string, body: Parameters<typeof parts.write>[1]) => {
      if (++written === 3) await postgres.kill()
      return parts.write(name, body)
    }
    await loses(dump(dying), /could not be read|the snapshot/)
    await postgres.restart()
    const manifest = await dump(parts.write)
    expect(manifest.tables.find(({ name }) => name === 'idempotency_records')).to.include({ rows: 3000 })

    const login = { ...backup(), database: 'vetrai_drill' }
    const load = async (
      readPart: (part: Part) => ReturnType<typeof parts.read> | Promise<ReturnType<typeof parts.read>>,
    ) => {
      await createScratch({ login: backup(), name: 'vetrai_drill', owner: 'vetrai_backup' })
      await migrateTo({ login, migrations: manifest.migrations })
      await loadDatabase({ login, manifest, readPart, inOrder: true })
    }
    let read = 0
    await loses(
      load(async (part) => {
        if (++read === 3) await postgres.kill()
        return parts.read(part)
      }),
      /could not be loaded/,
    )
    await postgres.restart()
    await load(parts.read)
    const snapshot = await openSnapshot(login)
    const compared = await compareDatabase({ snapshot, manifest, readPart: parts.read })
    await snapshot.close()
    expect(compared.filter(({ equal }) => !equal)).to.deep.equal([])
  })

  it('ends everything where only the session that holds the snapshot is lost', async () => {
    let written = 0
    const failing = dump(async (name, body) => {
      if (++written === 2)
        await withClient(admin(), (client) =>
          client.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'vetrai_backup' order by backend_start limit 1",
          ),
        )
      return parts.write(name, body)
    })
    await loses(failing, /the snapshot is lost: terminating connection due to administrator command/)
  })
})

async function loses(work: Promise<unknown>, words: RegExp): Promise<void> {
  const error = await expectRejection(work, words)
  expect(error).to.be.instanceOf(BackupError).and.include({ code: 'database_lost' })
  expect((error as BackupError).next).to.match(/See that PostgreSQL runs/)
}
