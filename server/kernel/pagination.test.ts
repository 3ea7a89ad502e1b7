import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Caller } from '../../test/caller.js'
import { useNotes } from '../../test/notes-service.js'
import { newId } from './ids.js'
import { decodeCursor, encodeCursor } from './pagination.js'

const LIST = '/notes/v1/notes'

describe('a cursor', () => {
  const key = randomBytes(32)
  const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
  const position = fc.record({ createdAt: date, id: fc.uuid({ version: 7 }) })
  const binding = fc.jsonValue()

  it('gives back the position it was made of, for the same list, tenant and filters', () => {
    fc.assert(
      fc.property(position, binding, (at, bound) => {
        expect(decodeCursor(key, encodeCursor(key, at, bound), bound)).to.deep.equal(at)
      }),
    )
  })

  it('opens nothing for another binding or under another key', () => {
    fc.assert(
      fc.property(position, binding, binding, (at, bound, other) => {
        fc.pre(JSON.stringify(bound) !== JSON.stringify(other))
        expect(decodeCursor(key, encodeCursor(key, at, bound), other)).to.equal(null)
        expect(decodeCursor(randomBytes(32), encodeCursor(key, at, bound), bound)).to.equal(null)
      }),
    )
  })

  it('cannot be changed or made up', () => {
    fc.assert(
      fc.property(position, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (at, place, character) => {
        const cursor = encodeCursor(key, at, 'list')
        const i = place % cursor.length
        const changed = cursor.slice(0, i) + character + cursor.slice(i + 1)
        const read = decodeCursor(key, changed, 'list')
        // base64url has spellings that mean the same bytes: nothing but the original position may come out.
        if (read !== null) expect(read).to.deep.equal(at)
      }),
    )
    fc.assert(fc.property(fc.string(), (text) => decodeCursor(key, text, 'list') === null))
  })
})

describe('a list', () => {
  const notes = useNotes()

  async function filled(count: number): Promise<Caller & { tenantId: string | null }> {
    const caller = notes.caller()
    const { db } = notes.server.resources
    await db.readSystem({
      // Five notes share each instant: order within one is by id.
      text: `insert into notes (tenant_id, id, body, tag, created_at)
             select $1, gen_random_uuid(), 'note ' || i, case when i % 3 = 0 then 'third' else 'none' end,
                    '2026-01-01'::timestamptz + (i / 5) * interval '1 ms' from generate_series(1, $2) i`,
      values: [caller.tenantId, count],
    })
    return caller
  }

  async function walk(caller: Caller, query: string): Promise<{ ids: string[]; pages: number }> {
    const ids: string[] = []
    let cursor: string | null = null
    for (let pages = 1; ; pages += 1) {
      const res = await caller.get(`${LIST}?${query}${cursor ? `&cursor=${cursor}` : ''}`)
      expect(res.status).to.equal(200)
      expect(res.body.has_more).to.equal(res.body.next_cursor !== null)
      ids.push(...res.body.data.map((one: { id: string }) => one.id))
      cursor = res.body.next_cursor
      if (!cursor) return { ids, pages }
    }
  }

  it('walked page by page has every item once, in one order', async () => {
    const caller = await filled(43)
    const whole = (await walk(caller, 'limit=200')).ids
    expect(new Set(whole).size).to.equal(43)
    for (const limit of [1, 4, 5, 42, 43, 44]) {
      const { ids, pages } = await walk(caller, `limit=${limit}`)
      expect(ids).to.deep.equal(whole)
      expect(pages).to.equal(Math.ceil(43 / limit))
    }
    expect((await walk(caller, 'limit=4&tag=third')).ids).to.have.length(14)
  })

  it('keeps its place while items are added', async () => {
    const caller = await filled(6)
    const first = await caller.get(`${LIST}?limit=3`)
    await caller.post('/notes/v1/notes', { body: 'added meanwhile' })
    const second = await caller.get(`${LIST}?limit=3&cursor=${first.body.next_cursor}`)
    const ids = [...first.body.data, ...second.body.data].map((one: { id: string }) => one.id)
    expect(new Set(ids).size).to.equal(6)
    expect(second.body.next_cursor).to.equal(null)
  })

  it('refuses a cursor of another tenant, of other filters, or made up', async () => {
    const [ours, theirs] = [await filled(5), await filled(5)]
    const { next_cursor: cursor } = (await ours.get(`${LIST}?limit=2`)).body
    const foreign = [
      `limit=2&tag=third&cursor=${cursor}`,
      `cursor=${newId()}`,
      `cursor=${cursor}x`,
      'cursor=a.b',
      `cursor=.${cursor}`,
    ]
    for (const query of foreign) {
      const res = await ours.get(`${LIST}?${query}`)
      expect([res.status, res.body.code], query).to.deep.equal([400, 'page.bad_cursor'])
    }
    expect((await theirs.get(`${LIST}?limit=2&cursor=${cursor}`)).status).to.equal(400)
    expect((await ours.get(`${LIST}?limit=1&cursor=${cursor}`)).status).to.equal(200)
  })

  it('refuses sizes out of bounds', async () => {
    const caller = await filled(1)
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=-1',
      'limit=1.5',
      'limit=x',
      'limit=',
      'cursor=',
      `cursor=${'x'.repeat(1025)}`,
    ]) {
      expect((await caller.get(`${LIST}?${query}`)).status, query).to.equal(422)
    }
  })
})
