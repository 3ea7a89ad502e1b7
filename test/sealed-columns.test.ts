import { expect } from 'chai'
import { sealedAnswers } from '../server/http/idempotency.js'
import { services } from '../server/services.js'
import { readTables, type Table } from './catalogue.js'
import { useDatabase } from './database.js'

/** Columns of bytes that hold nothing sealed, each with what they are. */
const NOT_SEALED: Readonly<Record<string, string>> = {
  'audit_heads.hash': 'the end of an audit chain',
  'audit_logs.hash': 'a link of an audit chain',
  'audit_logs.previous_hash': 'a link of an audit chain',
  'audit_permits.token_hash': 'a fingerprint of a permit',
  'idempotency_records.request_hash': 'a fingerprint of a request',
  'idempotency_records.scope_hash': 'a fingerprint of who asked and for what',
  'installation_keys.wrapped': 'keys, wrapped by what does not rotate with data keys',
}

describe('columns of sealed values', () => {
  const database = useDatabase()
  const sealed = [sealedAnswers, ...services.flatMap((service) => service.sealed ?? [])]
  const declared = sealed.map(({ table, column }) => `${table}.${column}`)
  let tables: Table[]

  before(async () => {
    tables = await readTables(database)
  })

  it('are all declared, so that no value stays behind when keys rotate', () => {
    const candidates = candidatesOf(tables)
    expect(candidates.filter((one) => !Object.hasOwn(NOT_SEALED, one)).sort()).to.deep.equal(
      [...declared].sort(),
    )
    expect(candidates).to.include.members(Object.keys(NOT_SEALED))
    expect(new Set(declared).size).to.equal(declared.length)
  })

  it('would be found if one was not', async () => {
    await database.admin('create table forgotten (id uuid primary key, secret_sealed bytea)')
    expect(candidatesOf(await readTables(database))).to.include('forgotten.secret_sealed')
  })

  it('are found by the primary key of their table, and read columns that it has', () => {
    for (const { table: name, key, column, reads = [] } of sealed) {
      const table = tables.find((one) => one.name === name)
      expect(table?.primaryKey, name).to.deep.equal(key)
      expect(table?.columns.map((one) => one.name)).to.include.members([column, ...reads])
    }
  })
})

/** Columns that may hold sealed values: bytes, or what is named so. */
function candidatesOf(tables: readonly Table[]): string[] {
  return tables.flatMap(({ name, columns }) =>
    columns
      .filter((column) => column.type === 'bytea' || /(^|_)sealed(_|$)/.test(column.name))
      .map((column) => `${name}.${column.name}`),
  )
}
