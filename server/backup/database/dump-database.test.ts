import { PassThrough, type Readable } from 'node:stream'
import { expect } from 'chai'
import { unique } from '../../../test/build.js'
import { useDatabase } from '../../../test/database.js'
import { expectRejection } from '../../../test/expect-rejection.js'
import { BackupError } from '../backup-error.js'
import type { DatabaseManifest } from '../manifest.js'
import { compareDatabase } from './compare-database.js'
import { createScratch } from './create-scratch.js'
import { databaseSize } from './database-size.js'
import { dropDatabase } from './drop-database.js'
import { dumpDatabase } from './dump-database.js'
import { loadDatabase } from './load-database.js'
import { migrateTo } from './migrate-to.js'
import { withClient } from './open-client.js'
import { openSnapshot } from './open-snapshot.js'
import type { DatabaseProgress } from './progress.js'
import { tableChecksums } from './table-checksums.js'
import { loginsOf, MemoryParts } from './test-support.js'

const PURSES = 200
const TABLES = [
  `create table purses (id int generated always as identity primary key, amount bigint not null,
     doubled bigint generated always as (amount * 2) stored, counted serial, check (amount > -1000000))`,
  `create table everything (id uuid primary key, small smallint, whole bigint, exact numeric(30, 10), real real, double double precision,
     words text[], numbers int[], deep int[][], document jsonb, plain json, bytes bytea, at timestamptz(3), day date, clock time,
     span interval, net inet, name varchar(10), fixed char(8), yes boolean, range int4range, bits bit(5),
     purse int references purses on delete cascade, exclude using gist (range with &&), unique nulls not distinct (small, whole))`,
  'create index everything_words on everything using gin (words) where yes',
  'create unique index everything_lower on everything (lower(name))',
  'create policy mine on purses to vetrai_app using (amount > 5)',
  'alter table purses enable row level security',
  'alter table purses force row level security',
]

describe('dumping a database', function () {
  this.timeout(60_000)
  const database = useDatabase()
  let logins: Awaited<ReturnType<typeof loginsOf>>
  const scratches: string[] = []

  before(async () => {
    logins = await loginsOf(database.name)
    await withClient(logins.owner, async (client) => {
      for (const sql of TABLES) await client.query(sql)
      await client.query(`alter table purses no force row level security;
        insert into purses (amount) select 100 from generate_series(1, ${PURSES});
        alter table purses force row level security`)
      await client.query(`
        insert into everything select gen_random_uuid(), n, n * 1e15, n / 7.0, n / 3.0, 'infinity', array['a', null, 'ü"', n::text],
          array[n, null], array[[n, 1], [2, 3]], jsonb_build_object('n', n, 'x', array[1, null]), '{"b": 1,  "a": 2}', decode('00ff', 'hex'),
          now(), 'infinity', '12:34', '1 month 2 days 3.5 s', '10.0.0.0/8', 'n' || n, 'f', n % 2 = 0, int4range(n * 10, n * 10 + 5), b'10101', 1
        from generate_series(1, 50) n`)
      await client.query('insert into everything (id, name) values (gen_random_uuid(), null)')
      await client.query(
        'create table wide (id int primary key, filler text); insert into wide select n, repeat(md5(n::text), 60) from generate_series(1, 4000) n',
      )
    })
  })
  after(async () => {
    for (const name of scratches) await dropDatabase({ login: logins.admin, name })
  })

  it('is refused while a table would hide rows from the role, and says what to do', async () => {
    const error = await expectRejection(
      openSnapshot(logins.backup),
      /may not see every row of: everything, purses, purses_counted_seq/,
    )
    expect(error).to.be.instanceOf(BackupError).and.include({ code: 'rows_hidden' })
    // What every `migrate up` does.
    await withClient(logins.owner, async (client) => {
      await migrateTo({ login: logins.owner, migrations: [] })
      expect(
        (
          await client.query(
            "select count(*)::int as n from pg_policies where policyname = 'backup_read' and tablename = 'purses'",
          )
        ).rows,
      ).to.deep.equal([{ n: 1 }])
    })
    await (await openSnapshot(logins.backup)).close()
  })

  it('sees one moment under writes, holds no more than ACCESS SHARE, and is cut into parts that load in order', async () => {
    const parts = new MemoryParts()
    const stop = new AbortController()
    const writing = write(stop.signal)
    const locks = new Set<string>()
    const told: DatabaseProgress[] = []
    const snapshot = await openSnapshot(logins.backup)
    const manifest = await dumpDatabase({
      snapshot,
      jobs: 3,
      partBytes: 1_000_000,
      share: 0.5,
      writePart: async (name, body) => {
        for (const mode of await locksHeld()) locks.add(mode)
        return parts.write(name, body)
      },
      onProgress: (progress) => told.push({ ...progress }),
    })
    await snapshot.close()
    stop.abort()
    expect(await writing).to.be.above(20)

    expect([...locks]).to.deep.equal(['AccessShareLock'])
    const wide = manifest.tables.find(({ name }) => name === 'wide')
    expect(wide?.parts.map(({ name }) => name)).to.include.members(['data/wide.0001', 'data/wide.0007'])
    expect(wide).to.have.property('rows', 4000)
    const purses = manifest.tables.find(({ name }) => name === 'purses')
    expect(purses?.columns).to.deep.equal(['id', 'amount', 'counted'])
    expect(told.at(-1)).to.include({ rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0) })
    expect(told.at(-1)?.bytes).to.equal(
      [...parts.bodies.values()].reduce((sum, body) => sum + body.length, 0),
    )

    const scratch = await load(manifest, parts)
    const { rows } = await withClient({ ...logins.admin, database: scratch }, (client) =>
      client.query(
        'select sum(amount)::int as sum, sum(doubled)::int as doubled, count(*)::int as n from purses',
      ),
    )
    expect(rows).to.deep.equal([{ sum: PURSES * 100, doubled: PURSES * 200, n: PURSES }])
    const copy = await openSnapshot({ ...logins.backup, database: scratch })
    const compared = await compareDatabase({ snapshot: copy, manifest, readPart: parts.read })
    await copy.close()
    expect(compared.filter(({ equal }) => !equal)).to.deep.equal([])

    const faster = await load(manifest, parts, false)
    const [one, other] = await Promise.all(
      [scratch, faster].map((name) => withClient({ ...logins.admin, database: name }, tableChecksums)),
    )
    expect(one).to.deep.equal(other)
  })

  it('keeps every type, key and sequence as it was, and a changed, a missing or a further row is noticed', async () => {
    const parts = new MemoryParts()
    const snapshot = await openSnapshot(logins.backup)
    const manifest = await dumpDatabase({ snapshot, writePart: parts.write })
    await snapshot.close()
    const scratch = await load(manifest, parts)
    const [there, here] = await Promise.all(
      [{ ...logins.admin, database: scratch }, logins.admin].map((login) =>
        withClient(login, async (client) => ({
          sums: await tableChecksums(client),
          keys: (await client.query(KEYS)).rows,
          next: (
            await client.query(
              "select nextval('purses_id_seq')::int as id, nextval('purses_counted_seq')::int as counted",
            )
          ).rows,
        })),
      ),
    )
    expect(there).to.deep.equal(here)
    expect(await databaseSize({ ...logins.admin, database: scratch })).to.be.above(1_000_000)

    const login = { ...logins.admin, database: scratch }
    const unequal = async (sql: string) => {
      await withClient(login, (client) => client.query(sql))
      const copy = await openSnapshot({ ...logins.backup, database: scratch })
      const compared = await compareDatabase({ snapshot: copy, manifest, readPart: parts.read })
      await copy.close()
      return compared
        .filter(({ equal }) => !equal)
        .map(({ name, archived, found }) => `${name} ${archived} ${found}`)
    }
    expect(
      await unequal("update wide set filler = overlay(filler placing '-' from 700) where id = 4000"),
    ).to.deep.equal(['wide 4000 4000'])
    expect(await unequal('delete from wide where id = 4000')).to.deep.equal(['wide 4000 3999'])
    expect(
      await unequal("insert into everything (id, small, name) values (gen_random_uuid(), 51, 'more')"),
    ).to.deep.equal(['everything 51 52', 'wide 4000 3999'])
  })

  it('refuses what does not fit: other tables, other counts, cut parts, migrations of a newer version', async () => {
    const parts = new MemoryParts()
    const snapshot = await openSnapshot(logins.backup)
    const manifest = await dumpDatabase({ snapshot, writePart: parts.write })
    await snapshot.close()
    const fresh = await scratchOf(manifest, false)
    const login = { ...logins.owner, database: fresh }
    await refuses(
      loadDatabase({ login, manifest, readPart: parts.read }),
      'schema_differs',
      /unknown table everything; unknown table purses/,
    )
    await withClient(login, (client) => tablesIn(client))
    const [first] = manifest.tables.filter(({ name }) => name === 'wide')
    const changed = {
      ...manifest,
      tables: manifest.tables.map((table) =>
        table === first ? { ...table, columns: ['id', 'filter'] } : table,
      ),
    }
    await refuses(
      loadDatabase({ login, manifest: changed, readPart: parts.read }),
      'schema_differs',
      /unknown column wide.filter; no column wide.filler in the backup/,
    )
    const fewer = {
      ...manifest,
      tables: manifest.tables.map((table) => (table === first ? { ...table, rows: 3_999 } : table)),
    }
    await refuses(
      loadDatabase({ login, manifest: fewer, readPart: parts.read }),
      'rows_differ',
      /wide should have 3999 rows and has 4000/,
    )
    const again = await scratchOf(manifest, true)
    const cut = (part: { name: string }) => {
      const body = new PassThrough()
      body.end((parts.bodies.get(part.name) as Buffer).subarray(0, -5))
      return body
    }
    await refuses(
      loadDatabase({ login: { ...logins.owner, database: again }, manifest, readPart: cut }),
      'database_failed',
      /unexpected EOF/,
    )
    await refuses(
      migrateTo({ login, migrations: ['20990101000000-later-add-things'] }),
      'newer_version',
      /made by a newer VetrAI/,
    )
    await refuses(
      createScratch({ login: logins.admin, name: database.name, owner: 'vetrai_owner' }),
      'database_lives',
      /living one/,
    )
  })

  it('stops all at once where the target fails, or whoever asked gives up', async () => {
    const fail = async (
      writePart: (name: string, body: Readable) => Promise<never>,
      signal?: AbortSignal,
    ) => {
      const snapshot = await openSnapshot(logins.backup)
      try {
        return await expectRejection(
          dumpDatabase({ snapshot, jobs: 3, writePart, ...(signal ? { signal } : {}) }),
          /.*/,
        )
      } finally {
        await snapshot.close()
      }
    }
    const full = new BackupError({ code: 'no_space', message: 'full', next: 'buy' })
    expect(await fail(async () => Promise.reject(full))).to.equal(full)
    const patience = new AbortController()
    const reason = new Error('enough')
    const error = await fail(async (_, body) => {
      patience.abort(reason)
      for await (const _ of body);
      return new Promise(() => undefined)
    }, patience.signal).catch((thrown) => thrown)
    expect(error).to.equal(reason)
    const { rows } = await withClient(logins.admin, (client) =>
      client.query(
        `select count(*)::int as n from pg_stat_activity where usename = 'vetrai_backup' and state = 'active'`,
      ),
    )
    expect(rows).to.deep.equal([{ n: 0 }])
  })

  /** Moves amounts between purses until it is told to stop; their sum never changes. Answers how often. */
  async function write(stop: AbortSignal): Promise<number> {
    return withClient(logins.admin, async (client) => {
      let moves = 0
      for (; !stop.aborted; moves++) {
        const [from, to] = [1 + (moves % PURSES), 1 + ((moves * 7) % PURSES)]
        await client.query(`begin; update purses set amount = amount - 10 where id = ${from};
          update purses set amount = amount + 10 where id = ${to}; commit`)
      }
      return moves
    })
  }

  async function locksHeld(): Promise<string[]> {
    const { rows } = await withClient(logins.admin, (client) =>
      client.query(`select distinct mode from pg_locks join pg_stat_activity using (pid)
        where usename = 'vetrai_backup' and locktype in ('relation', 'tuple', 'page')`),
    )
    return rows.map((row: { mode: string }) => row.mode)
  }

  async function load(manifest: DatabaseManifest, parts: MemoryParts, inOrder = true): Promise<string> {
    const scratch = await scratchOf(manifest, true)
    await loadDatabase({
      login: { ...logins.owner, database: scratch },
      manifest,
      readPart: parts.read,
      inOrder,
    })
    return scratch
  }

  async function scratchOf(manifest: DatabaseManifest, withTables: boolean): Promise<string> {
    const name = unique('vetrai_scratch').replaceAll('-', '_')
    scratches.push(name)
    await createScratch({ login: logins.admin, name, owner: 'vetrai_owner' })
    const login = { ...logins.owner, database: name }
    await migrateTo({ login, migrations: manifest.migrations })
    if (withTables) await withClient(login, tablesIn)
    await migrateTo({ login, migrations: manifest.migrations })
    return name
  }
})

async function tablesIn(client: { query(sql: string): Promise<unknown> }): Promise<void> {
  for (const sql of [...TABLES, 'create table wide (id int primary key, filler text)'])
    await client.query(sql)
}

async function refuses(work: Promise<unknown>, code: string, words: RegExp): Promise<void> {
  const error = await expectRejection(work, words)
  expect(error).to.be.instanceOf(BackupError)
  expect((error as BackupError).code).to.equal(code)
}

const KEYS = `
  select conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated as key from pg_constraint
    where connamespace = 'public'::regnamespace
  union all select pg_get_indexdef(indexrelid) from pg_index where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
  union all select pg_get_triggerdef(oid) || tgenabled::text from pg_trigger where not tgisinternal
  union all select relname || relforcerowsecurity from pg_class where relnamespace = 'public'::regnamespace order by 1`
