import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import pg from 'pg'
import { unique } from '../test/build.js'
import { asAdmin, databaseUrl, ROLE_PASSWORDS, stores } from '../test/stores.js'
import { connectionParts } from './storage/database.js'
import { knownMigrations } from './storage/known-migrations.js'

const PROGRAM = fileURLToPath(new URL('../packed/server/migrate.js', import.meta.url))

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

describe('the migrate program', function () {
  this.timeout(120_000)
  const name = unique('vetrai_program').replaceAll('-', '_')
  let env: Record<string, string>

  before(async () => {
    const shared = await stores()
    env = {
      DATABASE_URL: databaseUrl(shared, name),
      DATABASE_OWNER_PASSWORD: ROLE_PASSWORDS.owner,
      DATABASE_APP_PASSWORD: ROLE_PASSWORDS.app,
      DATABASE_SYSTEM_PASSWORD: ROLE_PASSWORDS.system,
      DATABASE_MONITOR_PASSWORD: ROLE_PASSWORDS.monitor,
      DATABASE_BACKUP_PASSWORD: ROLE_PASSWORDS.backup,
      DATABASE_ADMIN_USER: shared.postgres.adminUser,
      DATABASE_ADMIN_PASSWORD: shared.postgres.adminPassword,
    }
  })
  after(async () => {
    await asAdmin(await stores(), `drop database if exists ${name} with (force)`)
  })

  const run = (command: string, more: Record<string, string> = {}): Promise<Outcome> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [PROGRAM, ...command.split(' ')],
        { env: { ...env, ...more } },
        (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
        },
      )
    })

  it('makes roles and database, applies all migrations and says so, each safe to repeat', async () => {
    const known = await knownMigrations()
    for (let round = 0; round < 2; round += 1) {
      expect(JSON.parse((await run('bootstrap')).stdout)).to.deep.equal({ bootstrapped: true })
    }
    const before = JSON.parse((await run('status')).stdout)
    expect(before).to.deep.equal({
      migrations: known.map((migration) => ({ name: migration, applied_at: null })),
      schema_version: 'empty',
    })
    const up = await run('up')
    expect(JSON.parse(up.stdout)).to.deep.equal({ applied: known, schema_version: known.at(-1) })
    for (const migration of known) expect(up.stderr).to.contain(`applying ${migration}`)
    expect(JSON.parse((await run('up')).stdout)).to.deep.equal({ applied: [], schema_version: known.at(-1) })
    const after = JSON.parse((await run('status')).stdout)
    expect(after.migrations.every((one: { applied_at: string }) => Date.parse(one.applied_at) > 0)).to.equal(
      true,
    )
  })

  it('puts a copy in the place of the database, and the database back, each safe to repeat', async () => {
    const [next, before] = [`${name}_next`, `${name}_before`]
    const there = async () => {
      const sql = `select datname from pg_database where datname like '${name}%' order by 1`
      return (await asAdmin(await stores(), sql)).rows.map((row: { datname: string }) => row.datname)
    }
    const done = async (command: string) => {
      for (let round = 0; round < 2; round += 1) {
        const { code, stderr } = await run(command)
        expect(code, stderr).to.equal(0)
      }
    }
    const known = await knownMigrations()
    expect(JSON.parse((await run('facts')).stdout)).to.deep.include({ migrations: known })
    await done(`swap-back ${next} ${before}`)
    await done(`copy ${next}`)
    await done(`swap ${next} ${before}`)
    expect(await there()).to.deep.equal([name, before])
    expect(JSON.parse((await run('facts')).stdout)).to.deep.include({ migrations: known })
    await done(`swap-back ${next} ${before}`)
    expect(await there()).to.deep.equal([name])
    await done(`drop ${before}`)
    expect((await run(`drop ${name}`)).code).to.equal(1)
    expect(await there()).to.deep.equal([name])
  })

  it('puts a database on trial, resting already or not, and ends the trial alone', async () => {
    const state = async () => {
      const sql = "select value from installation_state where key = 'maintenance'"
      return (await asAdmin(await stores(), sql, name)).rows[0]?.value as Record<string, unknown> | undefined
    }
    expect(JSON.parse((await run('trial')).stdout)).to.deep.equal({ rested: false })
    expect(await state()).to.include({ trial: true })
    expect(JSON.parse((await run('end-trial')).stdout)).to.deep.equal({ trial: false })
    const resting = await state()
    expect(resting).to.have.keys('message', 'retry_after_s', 'since')
    expect(JSON.parse((await run('trial')).stdout)).to.deep.equal({ rested: true })
    expect(await state()).to.deep.equal({ ...resting, trial: true })
    await run('end-trial')
    await run('end-trial')
    expect(await state()).to.deep.equal(resting)
  })

  it('gives no role more than its work needs', async () => {
    await run('bootstrap')
    const { rows } = await asAdmin(
      await stores(),
      `select rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication, rolcanlogin from pg_roles
       where rolname like 'vetrai_%' order by 1`,
    )
    expect(rows.map((row) => row.rolname)).to.deep.equal([
      'vetrai_app',
      'vetrai_backup',
      'vetrai_monitor',
      'vetrai_owner',
      'vetrai_system',
    ])
    for (const { rolname, rolcanlogin, rolcreatedb, ...powers } of rows) {
      expect(rolcanlogin).to.equal(true)
      expect(rolcreatedb, rolname).to.equal(rolname === 'vetrai_backup')
      expect(Object.values(powers)).to.deep.equal([false, false, false, false])
    }
    const app = new pg.Client({
      ...connectionParts(env.DATABASE_URL ?? ''),
      user: 'vetrai_app',
      password: ROLE_PASSWORDS.app,
    })
    await app.connect()
    for (const sql of [
      'create table mine ()',
      'create schema mine',
      'create temp table mine ()',
      'set role vetrai_owner',
      'alter role vetrai_app superuser',
    ]) {
      const outcome = await app.query(sql).then(
        () => 'done',
        (error: pg.DatabaseError) => error.code,
      )
      expect(outcome, sql).to.equal('42501')
    }
    await app.end()
  })

  it('makes a role that sees how the database fares, on five connections, and no row of a table', async () => {
    await run('bootstrap')
    await run('up')
    const monitor = new pg.Client({
      ...connectionParts(env.DATABASE_URL ?? ''),
      user: 'vetrai_monitor',
      password: ROLE_PASSWORDS.monitor,
    })
    await monitor.connect()
    const read = (sql: string) =>
      monitor.query(sql).then(
        ({ rows }) => rows,
        (error: pg.DatabaseError) => error.code,
      )
    expect(await read(`select datname from pg_stat_database where datname = '${name}'`)).to.deep.equal([
      { datname: name },
    ])
    expect(await read(`select pg_database_size('${name}') > 0 as has_size`)).to.deep.equal([
      { has_size: true },
    ])
    // For members of pg_monitor only.
    expect(await read("select current_setting('data_directory') <> '' as is_told")).to.deep.equal([
      { is_told: true },
    ])
    const tables = await asAdmin(
      await stores(),
      "select tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
      name,
    )
    expect(tables.rows).to.have.length.above(20)
    for (const { tablename } of tables.rows)
      expect(await read(`select 1 from ${tablename} limit 1`), tablename).to.equal('42501')
    for (const sql of ['create table mine ()', 'set role vetrai_app', 'select pg_read_file($$PG_VERSION$$)'])
      expect(await read(sql), sql).to.equal('42501')
    const limit = await read("select rolconnlimit from pg_roles where rolname = 'vetrai_monitor'")
    expect(limit).to.deep.equal([{ rolconnlimit: 5 }])
    await monitor.end()
  })

  it('ends with 1 and words, and shows no password', async () => {
    for (const [command, more, words] of [
      ['sideways', {}, /usage: migrate bootstrap\|up\|status/],
      ['up', { DATABASE_OWNER_PASSWORD: 'canary' }, /password authentication failed/],
      [
        'up',
        { DATABASE_OWNER_PASSWORD: '', DATABASE_URL: '' },
        /DATABASE_URL: missing[\s\S]*DATABASE_OWNER_PASSWORD: missing/,
      ],
      ['bootstrap', { DATABASE_ADMIN_PASSWORD: 'canary' }, /password authentication failed/],
      ['up', { DATABASE_URL: 'postgres://127.0.0.1:1/vetrai' }, /ECONNREFUSED/],
    ] as const) {
      const { code, stdout, stderr } = await run(command, more)
      expect(code, command).to.equal(1)
      expect(stdout).to.equal('')
      expect(stderr).to.match(words).and.not.to.contain('canary').and.not.to.contain('    at ')
    }
  })
})
