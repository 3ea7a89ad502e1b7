import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ConfigError, readSettings } from './config.js'
import { flag, list, number, setting } from './setting.js'
import { settings } from './settings.js'
import { CONFIG_PAGE, configPage, SAMPLE_FILE, sampleFile } from './write-reference.js'

const GOOD = {
  VETRAI_SECRET: 'ab'.repeat(32),
  DATABASE_URL: 'postgres://127.0.0.1:5432/vetrai',
  DATABASE_APP_PASSWORD: 'app',
  DATABASE_SYSTEM_PASSWORD: 'system',
  REDIS_URL: 'redis://127.0.0.1:6379/0',
}

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readSettings(settings, env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('the configuration', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetrai-config-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('needs five values; the rest has defaults', () => {
    const config = readSettings(settings, GOOD)
    expect(config).to.include({
      VETRAI_PORT: 8000,
      VETRAI_HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      AUTH_SIGNUP: 'open',
    })
    expect(config.CORS_ORIGINS).to.deep.equal([])
    expect(config.SMTP_HOST).to.equal(undefined)
  })

  it('names everything wrong at once, with what it is for', () => {
    const problems = problemsOf({ VETRAI_PORT: 'many', LOG_LEVEL: 'loud', TENANCY_SELF_SERVICE: 'yes' })
    const named = problems.map((problem) => problem.split(':')[0])
    expect(named).to.have.members([...Object.keys(GOOD), 'VETRAI_PORT', 'LOG_LEVEL', 'TENANCY_SELF_SERVICE'])
    expect(problems.find((problem) => problem.startsWith('DATABASE_APP_PASSWORD'))).to.match(
      /missing\. Password of the role/,
    )
    expect(() => readSettings(settings, {})).to.throw(
      ConfigError,
      /VETRAI_SECRET: missing[\s\S]*REDIS_URL: missing/,
    )
  })

  it('takes an empty value for a missing one', () => {
    expect(problemsOf({ ...GOOD, DATABASE_APP_PASSWORD: '' })).to.deep.equal([
      `DATABASE_APP_PASSWORD: missing. ${settings.DATABASE_APP_PASSWORD.doc}`,
    ])
    expect(readSettings(settings, { ...GOOD, VETRAI_PORT: '', SMTP_HOST: '' }).VETRAI_PORT).to.equal(8000)
  })

  it('never repeats the value of a secret, nor of anything else that was refused', async () => {
    const env = {
      ...GOOD,
      VETRAI_SECRET: 'canary-secret',
      REDIS_URL: 'canary-url',
      VETRAI_PUBLIC_URL: 'canary',
      AUTH_BCRYPT_COST: 'canary',
      OPERATOR_EMAIL: 'canary',
      TRUST_PROXY: 'canary',
    }
    expect(problemsOf(env)).to.have.length(6)
    expect(problemsOf(env).join('\n')).not.to.contain('canary-secret').and.not.to.contain('canary-url')
  })

  it('reads a secret from the file that NAME_FILE names, without its last line break', async () => {
    const { VETRAI_SECRET: secret, ...rest } = GOOD
    for (const ending of ['', '\n', '\r\n']) {
      await writeFile(join(folder, 'secret'), `${secret}${ending}`)
      expect(
        readSettings(settings, { ...rest, VETRAI_SECRET_FILE: join(folder, 'secret') }).VETRAI_SECRET,
      ).to.equal(secret)
    }
    await writeFile(join(folder, 'spaced'), ' pass word \n\n')
    const config = readSettings(settings, { ...GOOD, REDIS_PASSWORD_FILE: join(folder, 'spaced') })
    expect(config.REDIS_PASSWORD).to.equal(' pass word \n')
  })

  it('refuses a secret given twice, and a file it cannot read', async () => {
    await writeFile(join(folder, 'secret'), 'ab'.repeat(32))
    expect(problemsOf({ ...GOOD, VETRAI_SECRET_FILE: join(folder, 'secret') })).to.deep.equal([
      'VETRAI_SECRET: set either VETRAI_SECRET or VETRAI_SECRET_FILE, not both',
    ])
    expect(problemsOf({ ...GOOD, REDIS_PASSWORD_FILE: join(folder, 'nowhere') })).to.deep.equal([
      'REDIS_PASSWORD: cannot read the file named by REDIS_PASSWORD_FILE (ENOENT)',
    ])
    expect(problemsOf({ ...GOOD, REDIS_PASSWORD_FILE: folder })[0]).to.contain('EISDIR')
  })

  it('takes a missing file for no value where the setting says that it may be missing, and no other failure', () => {
    const previous = (file: string) => ({ ...GOOD, VETRAI_SECRET_PREVIOUS_FILE: file })
    expect(readSettings(settings, previous(join(folder, 'nowhere'))).VETRAI_SECRET_PREVIOUS).to.equal(
      undefined,
    )
    expect(problemsOf(previous(folder))[0]).to.contain('EISDIR')
  })

  it('refuses addresses of stores that hold a password, because it would be shown', () => {
    const env = {
      ...GOOD,
      DATABASE_URL: 'postgres://user:canary@db/vetrai',
      REDIS_URL: 'redis://:canary@cache',
    }
    const problems = problemsOf(env)
    expect(problems.map((problem) => problem.split(':')[0])).to.deep.equal(['DATABASE_URL', 'REDIS_URL'])
    expect(problems.join()).to.contain('DATABASE_APP_PASSWORD').and.to.contain('REDIS_PASSWORD')
    expect(problems.join()).not.to.contain('canary')
  })

  it('refuses proxies and origins that could never match what they should', () => {
    for (const value of ['10.0.0.0/', '10.0.0.0/33', 'proxy.internal', '10.0.0.1;10.0.0.2']) {
      expect(problemsOf({ ...GOOD, TRUST_PROXY: value })[0], value).to.match(/^TRUST_PROXY: "/)
    }
    for (const value of [
      '*',
      'app.example.com',
      'https://app.example.com/',
      'https://app.example.com/path',
      'null',
      'HTTPS://app.example.com',
    ]) {
      expect(problemsOf({ ...GOOD, CORS_ORIGINS: value })[0], value).to.match(/^CORS_ORIGINS: "/)
    }
    expect(
      problemsOf({
        ...GOOD,
        TRUST_PROXY: '10.0.0.0/8, ::1',
        CORS_ORIGINS: 'http://localhost:3000, https://a.b',
      }),
    ).to.deep.equal([])
  })

  it('reads numbers, flags and lists strictly', () => {
    const some = {
      N: setting(number({ min: 1, max: 10, fallback: 3 }), { doc: '' }),
      F: setting(flag(true), { doc: '' }),
      L: setting(list(), { doc: '' }),
    }
    expect(readSettings(some, {})).to.deep.equal({ N: 3, F: true, L: [] })
    expect(readSettings(some, { N: '10', F: 'false', L: ' a, b,,c ' })).to.deep.equal({
      N: 10,
      F: false,
      L: ['a', 'b', 'c'],
    })
    for (const N of ['0', '11', '1.5', 'x', '0x5', '1e0', ' 5', 'Infinity', '-1']) {
      expect(() => readSettings(some, { N }), N).to.throw(ConfigError)
    }
    for (const F of ['1', 'yes', 'TRUE']) expect(() => readSettings(some, { F }), F).to.throw(ConfigError)
  })

  it('is explained: every setting has a sentence, and a secret has no example', () => {
    for (const [name, { doc, secret, example }] of Object.entries(
      settings as Record<string, ReturnType<typeof setting>>,
    )) {
      expect(doc, name).to.match(/^[A-Z].*\.$/)
      expect(secret && example, name).not.to.be.a('string')
      expect(name, 'the name of a secret').to.satisfy(
        (text: string) => secret || !/PASSWORD|SECRET|TOKEN$/.test(text),
      )
    }
  })

  it('is described by docs/reference/config.md and the sample file; after a change run: npm run docs:config', async () => {
    expect(await readFile(CONFIG_PAGE, 'utf8')).to.equal(configPage())
    expect(await readFile(SAMPLE_FILE, 'utf8')).to.equal(sampleFile())
  })

  it('has a sample that works once its secrets are filled in', () => {
    const env: Record<string, string> = {}
    for (const [, name = '', value = ''] of sampleFile().matchAll(/^([A-Z0-9_]+)=(.*)$/gm)) env[name] = value
    expect(problemsOf({ ...env, ...GOOD })).to.deep.equal([])
  })
})
