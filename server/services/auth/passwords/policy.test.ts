import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { CommonPasswords } from './common-list.js'
import { contextWords, judgePassword, normalisePassword } from './policy.js'

const common = CommonPasswords.shipped()
const judge = (password: string, context: string[] = []) => judgePassword(password, { common, context })

describe('auth/passwords/policy', () => {
  it('counts code points, not bytes or UTF-16 units', () => {
    expect(judge('🦊🐻🐼🐨🐯🦁🐮')).to.equal('too_short')
    expect(judge('🦊🐻🐼🐨🐯🦁🐮🐷')).to.equal(null)
    expect(judge(`${'aB3'.repeat(85)}x`)).to.equal(null)
    expect(judge(`${'aB3'.repeat(85)}xy`)).to.equal('too_long')
  })

  it('asks for no digits, capitals or signs', () => {
    expect(judge('correct horse battery staple')).to.equal(null)
    expect(judge('wintergardenlamp')).to.equal(null)
  })

  it('refuses common passwords in any case and in compatibility forms', () => {
    for (const password of [
      'password1',
      'PassWord1',
      'iloveyou1',
      'ｐａｓｓｗｏｒｄ１',
      '12345678',
      'qwertyuiop',
    ]) {
      expect(judge(password), password).to.equal('too_common')
    }
  })

  it('refuses one or two characters repeated', () => {
    expect(judge('aaaaaaaaaaaa')).to.equal('too_common')
    expect(judge('xoxoxoxoxoxo')).to.equal('too_common')
  })

  it('refuses what is built on the local part or a name of the account', () => {
    const context = contextWords({ email: 'anna.lindqvist@example.com', names: ['VetrAI'] })
    for (const password of [
      'lindqvist2026',
      'Anna.Lindqvist!',
      'vetrai12345',
      'anna.lindqvist@example.com',
    ]) {
      expect(judge(password, context), password).to.equal('too_personal')
    }
    expect(judge('anna walks the long way home', context)).to.equal(null)
  })

  it('keeps short context words out of it', () => {
    expect(contextWords({ email: 'li@example.com' })).to.not.include('li')
  })

  it('refuses a lone surrogate, which has no UTF-8 form', () => {
    expect(judge('good-long-pass\ud800')).to.equal('malformed')
  })

  it('treats composed and decomposed spellings as one password', () => {
    expect(normalisePassword('Ame\u0301lie')).to.equal(normalisePassword('Amélie'))
  })

  it('gives a verdict on any text without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.array(fc.string()), (text, words) => {
        judge(text, words)
      }),
    )
  })
})

describe('auth/passwords/common-list', () => {
  const lines = readFileSync(
    new URL('../../../../../templates/passwords/common-passwords.txt', import.meta.url),
    'utf8',
  )
    .trimEnd()
    .split('\n')

  it('ships at least ten thousand entries, sorted by byte value, without duplicates', () => {
    expect(lines.length).to.be.greaterThan(10_000)
    for (let i = 1; i < lines.length; i++) expect((lines[i - 1] ?? '') < (lines[i] ?? '')).to.equal(true)
  })

  it('finds every entry it holds, first and last included', () => {
    for (const line of lines) expect(common.has(line), line).to.equal(true)
  })

  it('finds nothing else, not even a part of an entry', () => {
    const held = new Set(lines)
    fc.assert(
      fc.property(fc.constantFrom(...lines), fc.string({ minLength: 1, maxLength: 2 }), (line, extra) => {
        for (const other of [line + extra, extra + line, line.slice(1), line.slice(0, -1), '']) {
          expect(common.has(other)).to.equal(held.has(other))
        }
      }),
    )
  })
})
