import { expect } from 'chai'
import { Api } from '../clients/api.js'
import { ApiStub } from '../testing/api-stub.js'
import { collectPages } from './collect-pages.js'

describe('reading lists', () => {
  let stub: ApiStub
  let api: Api

  before(async () => {
    stub = await ApiStub.start()
    api = new Api({ url: stub.url, token: 't' })
  })
  beforeEach(() => stub.reset())
  after(() => stub.stop())

  it('fetches one page as asked and hands its cursor on', async () => {
    stub.on('GET /things', { body: { data: [1], next_cursor: 'c1', has_more: true } })
    const page = await collectPages<number>(api, '/things', { limit: 1, all: false }, { state: 'active' })
    expect(page).to.deep.equal({ data: [1], next_cursor: 'c1', has_more: true })
    expect(stub.seen.map(({ query }) => query)).to.deep.equal([{ state: 'active', limit: '1' }])
  })

  it('follows the cursors to the end with --all', async () => {
    const pages: Record<string, object> = {
      '': { data: [1, 2], next_cursor: 'a', has_more: true },
      a: { data: [3], next_cursor: 'b', has_more: true },
      b: { data: [4], next_cursor: null, has_more: false },
    }
    stub.on('GET /things', ({ query }) => ({ body: pages[query.cursor ?? ''] }))
    const page = await collectPages<number>(api, '/things', { limit: 50, all: true })
    expect(page).to.deep.equal({ data: [1, 2, 3, 4], next_cursor: null, has_more: false })
  })

  it('stops at a cursor it has seen', async () => {
    stub.on('GET /things', { body: { data: [1], next_cursor: 'same', has_more: true } })
    const page = await collectPages<number>(api, '/things', { limit: 50, all: true })
    expect(page.data).to.deep.equal([1, 1])
  })
})
