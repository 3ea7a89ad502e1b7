import { expect } from 'chai'
import { useNotes } from '../../test/notes-service.js'
import { etagOf, matchNames, noneMatchNames } from './conditional.js'

describe('entity tags', () => {
  it('are strong, and differ with the body', () => {
    expect(etagOf('a')).to.match(/^"[\w-]{22}"$/)
    expect(etagOf('a')).to.equal(etagOf('a')).and.not.to.equal(etagOf('b'))
  })

  it('are named by lists and by *, weakly for If-None-Match only', () => {
    const tag = etagOf('a')
    expect(noneMatchNames(`"x", W/${tag}`, tag)).to.equal(true)
    expect(matchNames(`"x", W/${tag}`, tag)).to.equal(false)
    expect(matchNames(`"x",${tag} `, tag)).to.equal(true)
    expect(matchNames(' * ', tag)).to.equal(true)
    expect(noneMatchNames('"x"', tag)).to.equal(false)
    expect(matchNames('', tag)).to.equal(false)
  })
})

describe('conditional requests', () => {
  const notes = useNotes()

  async function written() {
    const caller = notes.caller()
    const { body } = await caller.post('/notes/v1/notes', { body: 'first' })
    const path = `/notes/v1/notes/${body.id}`
    const etag = (await caller.get(path)).headers.get('etag') ?? ''
    const change = (text: string, tag: string) =>
      caller.patch(path, { body: text }, { headers: { 'if-match': tag } })
    return { caller, path, etag, change }
  }

  it('are answered 304 without a body while nothing changed', async () => {
    const { caller, path, etag } = await written()
    const same = await caller.get(path, { headers: { 'if-none-match': etag } })
    expect([same.status, same.text, same.headers.get('etag')]).to.deep.equal([304, '', etag])
    expect(same.headers.get('cache-control')).to.equal('private, no-cache')
    await caller.patch(path, { body: 'second' })
    const changed = await caller.get(path, { headers: { 'if-none-match': etag } })
    expect(changed.status).to.equal(200)
    expect(changed.headers.get('etag')).not.to.equal(etag)
  })

  it('change the version they name, and no other', async () => {
    const { caller, path, etag, change } = await written()
    expect((await change('second', etag)).status).to.equal(200)
    const stale = await change('third', etag)
    expect([stale.status, stale.body.code]).to.deep.equal([412, 'request.precondition_failed'])
    expect((await caller.get(path)).body).to.include({ body: 'second', version: 2 })
    expect((await change('third', '*')).status).to.equal(200)
    const removal = await caller.delete(path, { headers: { 'if-match': etag } })
    expect(removal.status).to.equal(412)
  })

  it('let one of ten win that name the same version at the same time', async () => {
    const { caller, path, etag, change } = await written()
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => change(`attempt ${i}`, etag)))
    const statuses = answers.map((res) => res.status).sort()
    expect(statuses).to.deep.equal([200, ...new Array(9).fill(412)])
    const winner = answers.find((res) => res.status === 200)
    expect((await caller.get(path)).body).to.include({ body: winner?.body.body, version: 2 })
  })

  it('never change another version than they name, also while others write without naming any', async () => {
    for (let round = 0; round < 20; round++) {
      const { caller, path, etag, change } = await written()
      const plain = () => caller.patch(path, { body: 'whatever' })
      const [, named] = await Promise.all([plain(), change('named', etag), plain()])
      if (named.status === 200) expect(named.body).to.include({ body: 'named', version: 2 })
      else expect(named.status).to.equal(412)
    }
  })

  it('are refused where the object is not there, or the address has no version', async () => {
    const { caller, path, etag } = await written()
    await caller.delete(path)
    expect((await caller.patch(path, { body: 'x' }, { headers: { 'if-match': etag } })).status).to.equal(404)
  })
})
