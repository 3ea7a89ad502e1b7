import { expect } from 'chai'
import { editDistance } from './edit-distance.js'
import { extraWords, suggestCommand } from './suggest-command.js'

const commands = ['up', 'down', 'status', 'tenants list', 'tenants create', 'keys create', 'users set-role']

describe('suggestions for mistyped commands', () => {
  it('counts a swap of neighbours as one slip', () => {
    expect(editDistance('satus', 'status')).to.equal(1)
    expect(editDistance('sttaus', 'status')).to.equal(1)
    expect(editDistance('', 'up')).to.equal(2)
    expect(editDistance('same', 'same')).to.equal(0)
  })

  it('names the command that was meant, whatever arguments follow', () => {
    expect(suggestCommand(['tenants', 'crate', 'acme'], commands)).to.deep.equal({
      typed: 'tenants crate',
      meant: 'tenants create',
    })
    expect(suggestCommand(['statsu'], commands).meant).to.equal('status')
  })

  it('names a topic when only that was mistyped', () => {
    expect(suggestCommand(['tenant'], commands)).to.deep.equal({ typed: 'tenant', meant: 'tenants' })
  })

  it('tells a command with a word too many from one that does not exist', () => {
    expect(extraWords(['keys', 'create', 'ci'], commands)).to.deep.equal({
      command: 'keys create',
      words: ['ci'],
    })
    expect(extraWords(['status', 'all', 'now'], commands)?.words).to.deep.equal(['all', 'now'])
    expect(extraWords(['tenants', 'crate', 'acme'], commands)).to.equal(undefined)
  })

  it('suggests nothing for what resembles nothing', () => {
    expect(suggestCommand(['frobnicate'], commands).meant).to.equal(undefined)
    expect(suggestCommand(['tenants', 'frobnicate'], commands)).to.deep.equal({
      typed: 'tenants frobnicate',
      meant: undefined,
    })
  })
})
