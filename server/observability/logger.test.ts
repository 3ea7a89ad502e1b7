import { Writable } from 'node:stream'
import { expect } from 'chai'
import { DatabaseError } from 'sequelize'
import { openLogger, scrub } from './logger.js'

const KEY = `vtr_live_${'aB3'.repeat(12)}`
const TOKEN = `vtr_at_${'zZ9'.repeat(12)}`
const JWT = `eyJhbGciOiJFUzI1NiJ9.${'eyJzdWIiOiIx'.repeat(3)}.${'c2lnbmF0dXJl'.repeat(4)}`

function capture() {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const log = openLogger({ level: 'info', name: 'test', destination })
  const last = () => JSON.parse(lines.at(-1) ?? '{}')
  return { log, lines, last }
}

describe('the log', () => {
  it('is one JSON document a line, with level in words and time in RFC 3339', () => {
    const { log, lines, last } = capture()
    log.info({ route: '/x' }, 'two\nlines')
    expect(lines.join('').trimEnd().split('\n')).to.have.length(1)
    expect(last()).to.include({ level: 'info', name: 'test', route: '/x', msg: 'two\nlines' })
    expect(new Date(last().time).toISOString()).to.equal(last().time)
    log.debug('too quiet')
    expect(lines).to.have.length(1)
  })

  it('removes fields that are secrets by name, at the top and one level down', () => {
    const { log, lines } = capture()
    for (const field of [
      'password',
      'token',
      'access_token',
      'refresh_token',
      'secret',
      'api_key',
      'authorization',
      'cookie',
      'code',
      'client_secret',
    ]) {
      log.info({ [field]: 'canary-1', body: { [field]: 'canary-2' } })
    }
    expect(lines.join('')).not.to.contain('canary')
  })

  it('removes what looks like a credential wherever it stands', () => {
    const { log, lines } = capture()
    for (const secret of [KEY, TOKEN, JWT]) {
      log.info(`message with ${secret}.`)
      log.info({ deep: { deeper: [{ still: `x ${secret}` }] } })
      log.info({ url: `https://example.com/?key=${secret}` })
      log.error({ err: new Error(`failed for ${secret}`, { cause: new Error(secret) }) })
      log.child({ note: secret }).warn('a child')
      expect(lines.join('')).not.to.contain(secret).and.not.to.contain(secret.slice(12))
    }
    for (const line of lines) expect(() => JSON.parse(line), line).not.to.throw()
  })

  it('leaves alone what only begins like one', () => {
    for (const text of ['vtr_live_short', 'eyes', 'a key: example', 'req-0190b5c2', 'vtr_at_'])
      expect(scrub(text)).to.equal(text)
    expect(scrub(KEY)).to.equal('vtr_live…[removed]')
  })

  it('tells of a database error what failed, without any value', () => {
    const { log, lines, last } = capture()
    const parent = Object.assign(new Error('invalid input syntax for type uuid: "canary"'), {
      code: '22P02',
      detail: 'Key (email)=(canary)',
      where: 'canary',
      parameters: ['canary'],
      sql: "select 'canary'",
    })
    log.error({ err: parent })
    expect(last().err).to.include({ error_code: '22P02' })
    log.error({ err: new DatabaseError(parent as never) })
    expect(last().err).to.include({ error_code: '22P02' })
    const unique = Object.assign(
      new Error('duplicate key value violates unique constraint "users_email_key"'),
      {
        code: '23505',
        constraint: 'users_email_key',
        table: 'users',
        detail: 'Key (email)=(canary) already exists.',
      },
    )
    log.error({ err: unique })
    expect(last().err).to.include({ error_code: '23505', constraint: 'users_email_key', table: 'users' })
    expect(last().err.message).to.contain('users_email_key')
    expect(lines.join('')).not.to.contain('canary')
  })

  it('takes anything that was thrown', () => {
    const { log, last } = capture()
    log.error({ err: `a text with ${KEY}` })
    expect(last().err).to.equal('a text with vtr_live…[removed]')
    log.error({ err: undefined }, 'nothing')
    expect(last().msg).to.equal('nothing')
  })
})
