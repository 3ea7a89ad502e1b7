import { expect } from 'chai'
import { parseAllowList } from './allow-list.js'

describe('parseAllowList', () => {
  it('opens a range on every port', () => {
    const list = parseAllowList(['10.0.0.0/8', 'fd12::/16'])
    expect(list.allowsAddress('10.9.8.7', 1234)).to.equal(true)
    expect(list.allowsAddress('::ffff:10.9.8.7', 1234)).to.equal(true)
    expect(list.allowsAddress('fd12::1', 80)).to.equal(true)
    expect(list.allowsAddress('11.0.0.1', 80)).to.equal(false)
    expect(list.allowsAddress('fd13::1', 80)).to.equal(false)
  })

  it('opens one port only when a port is written', () => {
    const list = parseAllowList(['127.0.0.1:9000', '[::1]:9000', 'ollama.internal:11434'])
    expect(list.allowsAddress('127.0.0.1', 9000)).to.equal(true)
    expect(list.allowsAddress('127.0.0.1', 9001)).to.equal(false)
    expect(list.allowsAddress('::1', 9000)).to.equal(true)
    expect(list.allowsHost('ollama.internal', 11434)).to.equal(true)
    expect(list.allowsHost('ollama.internal', 80)).to.equal(false)
    expect(list.namesPort('ollama.internal', 11434)).to.equal(true)
  })

  it('takes a leading star as subdomains only', () => {
    const list = parseAllowList(['*.svc.internal'])
    expect(list.allowsHost('a.b.svc.internal', 80)).to.equal(true)
    expect(list.allowsHost('svc.internal', 80)).to.equal(false)
    expect(list.allowsHost('evilsvc.internal', 80)).to.equal(false)
  })

  for (const text of ['', '*', 'a b', '10.0.0.0/40', 'http://x', '*.*.x', '10.0.0', '::ffff:10.0.0.0/104']) {
    it(`refuses the entry ${JSON.stringify(text)} instead of guessing`, () => {
      expect(() => parseAllowList([text])).to.throw(TypeError)
    })
  }
})
