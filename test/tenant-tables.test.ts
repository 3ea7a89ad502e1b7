import { expect } from 'chai'
import type pg from 'pg'
import { newId } from '../server/kernel/ids.js'
import { readTables, type Table, tenantTables } from './catalogue.js'
import { useDatabase } from './database.js'

/** Tables with a tenant_id that are no tenant's own, each with the reason. */
const HIDDEN: Readonly<Record<string, string>> = {
  outbox: 'events of all tenants wait in one queue; vetrai_app may only add to it',
  audit_heads: 'one row a tenant, reached by the audit functions only',
}
const OF_PEOPLE: Readonly<Record<string, string>> = {
  sessions: 'a session is a person’s; tenant_id is where that person works at the moment, and may change',
  access_tokens: 'a token is a person’s; tenant_id is where it works',
}

describe('the tables of tenants', () => {
  const database = useDatabase()
  let tables: Table[]
  let app: pg.Client

  before(async () => {
    tables = tenantTables(await readTables(database))
    app = await database.connectApp()
    // Values are made up, so only row security may refuse them.
    await database.admin(`do $$ declare k record; begin
      for k in select conrelid::regclass as of, conname from pg_constraint
        where contype = 'c' and connamespace = 'public'::regnamespace
      loop execute format('alter table %s drop constraint %I', k.of, k.conname); end loop; end $$`)
  })

  const own = () =>
    tables.filter(({ name }) => !Object.hasOwn(HIDDEN, name) && !Object.hasOwn(OF_PEOPLE, name))

  it('are keyed, indexed and guarded by tenant_id first, also against their owner', () => {
    expect(own().map((table) => table.name)).to.include.members(['audit_logs', 'memberships', 'api_keys'])
    const problems = own().flatMap((table) => problemsOf(table).map((problem) => `${table.name}: ${problem}`))
    expect(problems).to.deep.equal([])
  })

  it('are excepted only where they exist, and then are people’s or hidden from vetrai_app', async () => {
    const names = tables.map((table) => table.name)
    expect(names).to.include.members([...Object.keys(HIDDEN), ...Object.keys(OF_PEOPLE)])
    for (const name of Object.keys(HIDDEN)) {
      for (const sql of [`select 1 from ${name}`, `delete from ${name}`]) {
        expect(await outcomeOf(app, newId(), sql), sql).to.match(/^42501/)
      }
    }
  })

  it('show and take nothing on a raw connection without a tenant or with a wrong one', async function () {
    this.timeout(60_000)
    const [victim, attacker] = [newId(), newId()]
    const failures: string[] = []
    for (const table of own()) {
      await seed(table, victim)
      failures.push(...(await attack(table, victim, attacker)).map((failure) => `${table.name} ${failure}`))
    }
    expect(failures).to.deep.equal([])
  })

  it('would be found open if one had no policy', async () => {
    await database.admin('create table left_open (tenant_id uuid not null, id uuid not null)')
    await database.admin('grant select, insert, update, delete on left_open to vetrai_app')
    const open = (await readTables(database)).filter(({ name }) => name === 'left_open')
    for (const table of open) {
      expect(problemsOf(table)).to.have.length(6)
      await seed(table, newId())
      expect(await attack(table, newId(), newId())).to.have.length.above(3)
    }
    expect(open).to.have.length(1)
  })

  it('show a tenant its own row', async () => {
    const tenant = newId()
    for (const table of own()) {
      await seed(table, tenant)
      const seen = await outcomeOf(app, tenant, `select 1 from ${table.name} where tenant_id = '${tenant}'`)
      expect(seen, table.name).to.equal('rows: 1')
    }
  })

  /** One row as superuser, past foreign keys and triggers. */
  async function seed(table: Table, tenant: string): Promise<void> {
    await database.admin(`set session_replication_role = replica; ${insertOf(table, tenant)}`)
  }

  /** Everything that succeeded and must not have. */
  async function attack(table: Table, victim: string, attacker: string): Promise<string[]> {
    const failures: string[] = []
    const tenantIs = `tenant_id = '${victim}'`
    for (const context of [null, attacker]) {
      const who = context ? 'with another tenant' : 'without a tenant'
      const fails = (what: string, outcome: string, allowed: RegExp) => {
        if (!allowed.test(outcome)) failures.push(`${who}: ${what} gave ${outcome}`)
      }
      fails('select', await outcomeOf(app, context, `select 1 from ${table.name}`), /^rows: 0$/)
      // 42501: row security, or no grant at all.
      fails('insert', await outcomeOf(app, context, insertOf(table, victim)), /^42501/)
      fails(
        'update',
        await outcomeOf(app, context, `update ${table.name} set tenant_id = tenant_id where ${tenantIs}`),
        /^(rows: 0|42501.*)$/,
      )
      fails(
        'delete',
        await outcomeOf(app, context, `delete from ${table.name} where ${tenantIs}`),
        /^(rows: 0|42501.*)$/,
      )
      fails('truncate', await outcomeOf(app, context, `truncate ${table.name}`), /^42501/)
    }
    const taken = `update ${table.name} set tenant_id = '${victim}' where tenant_id = '${attacker}'`
    await seed(table, attacker)
    const outcome = await outcomeOf(app, attacker, taken)
    if (!/^42501/.test(outcome)) failures.push(`giving a row to another tenant gave ${outcome}`)
    return failures
  }
})

function problemsOf(table: Table): string[] {
  const problems: string[] = []
  if (!table.rowSecurity || !table.forced) problems.push('row security is not forced')
  if (table.primaryKey[0] !== 'tenant_id') problems.push(`the primary key begins with ${table.primaryKey[0]}`)
  if (!table.indexedFirst.includes('tenant_id')) problems.push('no index begins with tenant_id')
  const policy = table.policies.find(({ roles }) => roles.length === 1 && roles[0] === 'vetrai_app')
  if (!policy?.hasUsing) problems.push('no policy narrows vetrai_app')
  if (policy && policy.command !== 'r' && !policy.hasCheck)
    problems.push('the policy does not check what is written')
  if (!table.policies.some(({ roles }) => roles.includes('vetrai_system')))
    problems.push('no policy for vetrai_system')
  const read = table.policies.filter(({ roles }) => roles?.includes('vetrai_backup'))
  if (read.length !== 1 || read[0]?.command !== 'r')
    problems.push('vetrai_backup has not one policy, which reads')
  const wide = table.policies.filter(({ roles }) => roles.includes('vetrai_app') && roles.length > 1)
  if (wide.length > 0 || table.policies.some(({ roles }) => roles === null))
    problems.push('a policy is for several roles or all')
  return problems
}

/** What a statement did in a transaction bound to this tenant, which is then taken back. */
async function outcomeOf(client: pg.Client, tenant: string | null, sql: string): Promise<string> {
  await client.query('begin')
  try {
    if (tenant) await client.query("select set_config('vetrai.tenant_id', $1, true)", [tenant])
    const { rowCount } = await client.query(sql)
    return `rows: ${rowCount}`
  } catch (error) {
    const { code, message } = error as pg.DatabaseError
    return `${code} ${message}`
  } finally {
    await client.query('rollback')
  }
}

function insertOf(table: Table, tenant: string): string {
  const columns = table.columns.filter((column) => column.required && !column.generated)
  const names = columns.map((column) => column.name)
  const values = columns.map((column) => (column.name === 'tenant_id' ? `'${tenant}'` : valueFor(column)))
  return `insert into ${table.name} (${names.join(', ')}) values (${values.join(', ')})`
}

function valueFor({ type }: Table['columns'][number]): string {
  const unique = newId()
  if (type.endsWith('[]')) return "'{}'"
  if (type === 'uuid') return `'${unique}'`
  if (type === 'bytea') return `'\\x${unique.replaceAll('-', '')}${unique.replaceAll('-', '')}'`
  if (/^jsonb?$/.test(type)) return "'{}'"
  if (type === 'boolean') return 'true'
  if (type === 'date' || type.startsWith('timestamp')) return 'now()'
  if (/^(integer|bigint|smallint|numeric|double)/.test(type)) return '1'
  const length = /\((\d+)\)/.exec(type)?.[1]
  return `'${unique
    .replaceAll('-', '')
    .repeat(8)
    .slice(0, length ? Number(length) : 40)}'`
}
