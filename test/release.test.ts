import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { parseRelease } from '../cli/release/release.js'
import { releaseOfTree } from '../cli/release/release-of-tree.js'
import type { Migration } from '../migrations/helpers/migration.js'
import { knownMigrations, MIGRATIONS_FOLDER } from '../server/storage/known-migrations.js'
import { VERSION } from '../server/version.js'

/** What may take something from under a server of the version before: it wants a human's judgement. */
const RISKY = [
  /\bdrop\s+(table|column|view|type|function|schema|constraint)\b/i,
  /\brename\s+(to|column|constraint)?\b/i,
  /\balter\s+(column\s+)?\w+\s+(set\s+data\s+)?type\b/i,
  /\bset\s+not\s+null\b/i,
  /\badd\s+column\b(?![^,;]*\bdefault\b)[^,;]*\bnot\s+null\b/i,
  /\badd\s+constraint\b/i,
  /\btruncate\b/i,
  /\brevoke\b/i,
]

/** The first schema: there is no version before it. */
const FIRST_RELEASE = '20261126100000'

describe('release.json', () => {
  it('says the version of package.json, and the newest migration', async () => {
    const release = await releaseOfTree()
    expect(release.version).to.equal(VERSION)
    expect(release.schema_version).to.equal((await knownMigrations()).at(-1))
    expect(release.postgres).to.include.members([17, 18])
  })

  it('names migrations that there are only, each in one class', async () => {
    const { migrations } = await releaseOfTree()
    const known = await knownMigrations()
    const named = [...migrations.incompatible, ...migrations.reviewed]
    expect(known).to.include.members(named)
    expect(new Set(named).size).to.equal(named.length)
  })

  it('lists every later migration that takes or changes something as incompatible, or as reviewed', async () => {
    const { migrations } = await releaseOfTree()
    const judged = new Set([...migrations.incompatible, ...migrations.reviewed])
    for (const name of (await knownMigrations()).filter((one) => one.slice(0, 14) > FIRST_RELEASE)) {
      const risky = (await statementsOf(name)).filter((sql) => RISKY.some((pattern) => pattern.test(sql)))
      if (risky.length > 0)
        expect(judged.has(name), `${name} wants a judgement in release.json: ${risky[0]}`).to.equal(true)
    }
  })

  it('would notice one that drops, renames, narrows or demands', () => {
    const risky = (sql: string) => RISKY.some((pattern) => pattern.test(sql))
    for (const sql of [
      'alter table keys drop column name',
      'alter table keys rename column name to title',
      'alter table keys alter column name type int',
      'alter table keys alter column name set not null',
      'alter table keys add column name text not null',
      'alter table keys add constraint c check (true)',
    ])
      expect(risky(sql), sql).to.equal(true)
    for (const sql of [
      'create table things (id uuid primary key, name text not null)',
      "alter table keys add column name text not null default ''",
      'alter table keys add column name text',
      'create index on keys (name)',
    ])
      expect(risky(sql), sql).to.equal(false)
  })

  it('is refused, with where it is from, where it makes no sense', async () => {
    const whole = JSON.parse(await readFile(new URL('../../release.json', import.meta.url), 'utf8')) as object
    for (const broken of [
      '',
      '[]',
      '{}',
      { ...whole, format: 2 },
      { ...whole, version: '1' },
      { ...whole, more: 1 },
    ]) {
      const text = typeof broken === 'string' ? broken : JSON.stringify(broken)
      expect(() => parseRelease(text, 'an image'))
        .to.throw(/an image makes no sense/)
        .with.property('code', 'release_invalid')
    }
  })
})

/** The SQL of a migration, which is given a database that answers nothing. */
async function statementsOf(name: string): Promise<string[]> {
  const module = (await import(new URL(`${name}.js`, MIGRATIONS_FOLDER).href)) as { default: Migration }
  const statements: string[] = []
  const query = async (sql: string) => {
    statements.push(sql)
    return { rows: [], rowCount: 0 } as never
  }
  await module.default.up({ query }).catch(() => undefined)
  return statements
}
