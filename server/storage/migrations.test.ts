import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import type pg from 'pg'
import { unique } from '../../test/build.js'
import { dumpSchema } from '../../test/dump-schema.js'
import { expectRejection } from '../../test/expect-rejection.js'
import { asAdmin, databaseUrl, ROLE_PASSWORDS, stores } from '../../test/stores.js'
import { until } from '../../test/until.js'
import { currentSchema, SCHEMA_FILE } from '../../test/write-schema.js'
import { knownMigrations, schemaVersion } from './known-migrations.js'
import { connectOwner, migrateUp, migrationStates } from './migrations.js'

describe('migrations', () => {
  const clients: pg.Client[] = []
  const folders: string[] = []
  const databases: string[] = []

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()))
    const shared = await stores()
    for (const name of databases.splice(0)) await asAdmin(shared, `drop database ${name} with (force)`)
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })

  it('make the schema that migrations/schema.sql shows; after a change run: npm run schema', async () => {
    expect(await currentSchema()).to.equal(await readFile(SCHEMA_FILE, 'utf8'))
  })

  it('are applied once by two runners at the same time', async () => {
    const name = await emptyDatabase()
    const [first, second] = await Promise.all([connect(name), connect(name)])
    const applied = (await Promise.all([migrateUp(first), migrateUp(second)])).flat()
    expect(applied).to.deep.equal(await knownMigrations())
    expect(await dumpSchema(first)).to.equal(await readFile(SCHEMA_FILE, 'utf8'))
  })

  it('change nothing when all are applied, and say when each was', async () => {
    const client = await connect(await emptyDatabase())
    const known = await knownMigrations()
    const before = await migrationStates(client)
    expect(before).to.deep.equal(known.map((name) => ({ name, applied_at: null })))

    const told: string[] = []
    expect(await migrateUp(client, { onStep: (name) => told.push(name) })).to.deep.equal(told)
    expect(await migrateUp(client)).to.deep.equal([])
    const states = await migrationStates(client)
    expect(states.map(({ name }) => name)).to.deep.equal(known)
    for (const { applied_at } of states)
      expect(Date.parse(applied_at ?? '')).to.be.closeTo(Date.now(), 60_000)
  })

  it('take a failing one back whole, keep those before it, name it, and go on from it later', async () => {
    const client = await connect(await emptyDatabase())
    const folder = await folderOf({
      '20260101000000-notes-create-notes': ['create table notes (id integer)'],
      '20260102000000-notes-add-body': [
        'create table half_done (id integer)',
        'alter table missing add body text',
      ],
      '20260103000000-notes-add-more': ['create table more (id integer)'],
    })
    await expectRejection(
      migrateUp(client, { folder }),
      /migration 20260102000000-notes-add-body failed and was taken back: relation "missing" does not exist/,
    )
    expect(await tablesOf(client)).to.deep.equal(['notes', 'schema_migrations'])

    const mended = await folderOf({
      '20260101000000-notes-create-notes': ['create table notes (id integer)'],
      '20260102000000-notes-add-body': ['alter table notes add body text'],
    })
    expect(await migrateUp(client, { folder: mended })).to.deep.equal(['20260102000000-notes-add-body'])
  })

  it('say of one without a transaction that a part may remain', async () => {
    const client = await connect(await emptyDatabase())
    const folder = await folderOf({})
    await writeMigration(
      folder,
      '20260101000000-notes-add-index',
      ['create index concurrently on missing (id)'],
      false,
    )
    await expectRejection(
      migrateUp(client, { folder }),
      /20260101000000-notes-add-index failed and may have left a part/,
    )
  })

  it('say of one whose connection breaks what broke it, and the process goes on', async () => {
    const name = await emptyDatabase()
    const client = await connect(name)
    const folder = await folderOf({ '20260101000000-notes-wait': ['select pg_sleep(60)'] })
    const sleeping = `select pg_terminate_backend(pid) as done from pg_stat_activity where datname = '${name}' and query ~ 'pg_sleep' and pid <> pg_backend_pid()`
    const outcome = expectRejection(
      migrateUp(client, { folder }),
      /20260101000000-notes-wait failed and was taken back: (terminating connection|Connection terminated)/,
    )
    await until(async () => ((await asAdmin(await stores(), sleeping)).rowCount ?? 0) > 0)
    await outcome
    // Its end comes after the last answer, to nobody who waits for one.
    await until(async () => (await client.query('select').catch(() => 'broken')) === 'broken')
  })

  it('list those last that only a newer version knows', async () => {
    const client = await connect(await emptyDatabase())
    await migrateUp(client)
    await client.query(
      "insert into schema_migrations (name, checksum) values ('20990101000000-later-add-thing', '')",
    )
    const states = await migrationStates(client)
    expect(states.at(-1)?.name).to.equal('20990101000000-later-add-thing')
    expect(schemaVersion(states.map(({ name }) => name))).to.equal('20990101000000-later-add-thing')
    expect(schemaVersion([])).to.equal('empty')
  })

  it('tell two histories of the same name apart by a checksum of their SQL', async () => {
    const name = '20260101000000-notes-create-notes'
    const checksums: string[] = []
    for (const sql of ['create table notes (id integer)', 'create table notes (id bigint)']) {
      const client = await connect(await emptyDatabase())
      await migrateUp(client, { folder: await folderOf({ [name]: [sql] }) })
      checksums.push((await client.query('select checksum from schema_migrations')).rows[0].checksum)
    }
    expect(checksums[0]).to.match(/^[0-9a-f]{16}$/)
    expect(checksums[0]).not.to.equal(checksums[1])
  })

  it('are named utc-service-verb-thing and import nothing but their helpers', async () => {
    const folder = new URL('../../../migrations/', import.meta.url)
    const files = (await readdir(folder)).filter((file) => file.endsWith('.ts'))
    expect(files.length).to.be.above(3)
    for (const file of files) {
      expect(file).to.match(
        /^\d{14}-[a-z]+-(create|add|drop|alter|backfill|index|switch|rename)-[a-z0-9-]+\.ts$/,
      )
      const imports = [...(await readFile(new URL(file, folder), 'utf8')).matchAll(/from '([^']+)'/g)].map(
        (m) => m[1],
      )
      for (const from of imports) expect(from, file).to.match(/^\.\/helpers\//)
    }
  })

  async function emptyDatabase(): Promise<string> {
    const name = unique('vetrai_migrations').replaceAll('-', '_')
    await asAdmin(await stores(), `create database ${name} owner vetrai_owner`)
    databases.push(name)
    return name
  }

  async function connect(name: string): Promise<pg.Client> {
    const client = await connectOwner(databaseUrl(await stores(), name), ROLE_PASSWORDS.owner)
    clients.push(client)
    return client
  }

  async function folderOf(migrations: Record<string, string[]>): Promise<URL> {
    const path = await mkdtemp(join(tmpdir(), 'vetrai-migrations-'))
    folders.push(path)
    const folder = pathToFileURL(`${path}/`)
    for (const [name, statements] of Object.entries(migrations))
      await writeMigration(folder, name, statements)
    return folder
  }
})

async function writeMigration(folder: URL, name: string, statements: string[], transaction = true) {
  const text = `export default {
    about: 'a test', transaction: ${transaction},
    async up({ query }) { for (const sql of ${JSON.stringify(statements)}) await query(sql) },
  }`
  await writeFile(fileURLToPath(new URL(`${name}.js`, folder)), text)
}

async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    "select tablename from pg_tables where schemaname = 'public' order by 1",
  )
  return rows.map((row: { tablename: string }) => row.tablename)
}
