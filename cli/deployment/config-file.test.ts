import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ConfigFile, configProblems } from './config-file.js'
import { deploymentJsonSchema } from './schema.js'

const COMMENTED = `# ours, do not lose
name: acme # the name
port: 8000
# port: 9000
operator:
  email: ops@example.com
`

describe('ConfigFile', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetrai-config-'))
    path = join(folder, 'vetrai.yml')
    await writeFile(path, COMMENTED)
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('fills in defaults without writing them', async () => {
    const file = await ConfigFile.open(path)

    expect(file.get('runtime')).to.equal('embedded')
    expect(file.get('database.pool_max')).to.equal(10)
    expect(file.get('mail.smtp.host')).to.equal(undefined)
    expect(await readFile(path, 'utf8')).to.equal(COMMENTED)
  })

  it('keeps comments and order when a value is set, and the file private', async () => {
    const file = await ConfigFile.open(path)
    await file.set('port', 8123)
    await file.set('database.pool_max', 20)

    const text = await readFile(path, 'utf8')
    expect(text).to.include('# ours, do not lose').and.include('acme # the name').and.include('# port: 9000')
    expect(text).to.match(/port: 8123/)
    expect((await ConfigFile.open(path)).get('database.pool_max')).to.equal(20)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
  })

  it('understands what a command line can only give as text', async () => {
    const file = await ConfigFile.open(path)
    await file.setMany({
      port: '8200',
      cors_origins: '[https://a.example, https://b.example]',
      'log.level': 'debug',
    })

    expect(file.get('port')).to.equal(8200)
    expect(file.get('cors_origins')).to.deep.equal(['https://a.example', 'https://b.example'])
    expect(file.get('log.level')).to.equal('debug')
  })

  it('removes a key, and the block it leaves empty, when set to undefined', async () => {
    const file = await ConfigFile.open(path)
    await file.set('mail.smtp.host', 'smtp.example.com')
    await file.set('mail.smtp.host', undefined)

    expect(file.get('mail.smtp')).to.equal(undefined)
    expect(await readFile(path, 'utf8')).not.to.match(/^mail/m)
  })

  it('lists every problem at once and writes nothing', async () => {
    const file = await ConfigFile.open(path)
    const change = { port: 'many', 'auth.signup': 'maybe', 'settings.lower': 'x', colour: 'red' }
    const error = await file.setMany(change).catch((reason: unknown) => reason)

    expect(error).to.include({ code: 'config_invalid', exitCode: 2 })
    for (const word of ['port', 'auth.signup', 'settings', 'colour']) expect(String(error)).to.include(word)
    expect(await readFile(path, 'utf8')).to.equal(COMMENTED)
  })

  it('refuses a database URL that carries a password', async () => {
    const file = await ConfigFile.open(path)
    const error = await file
      .set('database.url', 'postgres://me:secret@db/vetrai')
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'config_invalid' })
    expect(String(error)).not.to.include('secret')
    await file.set('database.url', 'postgres://db:5432/vetrai')
  })

  it('asks for the details of s3 when objects are kept there', async () => {
    const file = await ConfigFile.open(path)
    const error = await file.set('objects.store', 's3').catch((reason: unknown) => reason)
    expect(String(error)).to.include('objects.s3')
  })

  it('refuses an object store of the deployment’s own where there are no containers', async () => {
    const file = await ConfigFile.open(path)
    const error = await file.set('objects.store', 'built-in').catch((reason: unknown) => reason)
    expect(String(error)).to.include('objects.store').and.include('compose')
  })

  it('tells a missing deployment from a broken file', async () => {
    const missing = await ConfigFile.open(join(folder, 'none.yml')).catch((reason: unknown) => reason)
    expect(missing).to.include({ code: 'config_missing', exitCode: 3 })

    await writeFile(path, 'name: [unclosed')
    const broken = await ConfigFile.open(path).catch((reason: unknown) => reason)
    expect(broken).to.include({ code: 'config_invalid' })
    expect(await configProblems(path)).to.have.length.greaterThan(0)
  })

  it('refuses paths that would reach into the language instead of the file', async () => {
    const file = await ConfigFile.open(path)
    for (const odd of ['', 'a..b', 'a b']) expect(() => file.get(odd)).to.throw(/not a configuration path/)
    expect(file.get('__proto__')).to.equal(undefined)
    expect(file.get('constructor.name')).to.equal(undefined)
  })
})

describe('deploymentJsonSchema', () => {
  it('is JSON Schema that demands only what has no default', () => {
    const schema = deploymentJsonSchema() as { $schema: string; required: string[] }
    expect(schema.$schema).to.include('2020-12')
    expect(schema.required).to.have.members(['name', 'operator'])
  })
})
