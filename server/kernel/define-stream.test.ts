import { expect } from 'chai'
import { z } from 'zod'
import { can, type RouteRecord, unaudited } from './define-route.js'
import { defineStream, type EventSchemas } from './define-stream.js'

function stream(events: EventSchemas, eventId?: z.ZodType): RouteRecord {
  return defineStream({
    ...{ id: 'followThings', path: '/things/events', summary: 'Things' },
    ...{ access: can('things.read'), limit: 'read', audit: unaudited('a test'), input: {} },
    events,
    ...(eventId ? { eventId } : {}),
    handler: async () => null,
  })
}

const fits = ({ output }: RouteRecord, event: object) => output.safeParse(event).success

describe('a stream', () => {
  const record = stream({ made: z.strictObject({ n: z.int() }), said: z.string() }, z.string().regex(/^\d+$/))

  it('is a GET route whose output is one event: data by its name, and an id', () => {
    expect(record.method).to.equal('get')
    expect(fits(record, { event: 'made', data: { n: 1 } })).to.equal(true)
    expect(fits(record, { id: '7', event: 'said', data: 'hello' })).to.equal(true)
    expect(fits(record, { event: 'end', data: { reason: 'shutdown' } })).to.equal(true)
    for (const event of [
      { event: 'said', data: { n: 1 } },
      { event: 'made', data: { n: 1, secret: 2 } },
      { event: 'told', data: 'hello' },
      { event: 'said', data: 'hello', id: 'x' },
      { event: 'said', data: 'hello', retry: 1 },
      { event: 'end', data: { reason: 'tired' } },
    ]) {
      expect(fits(record, event), JSON.stringify(event)).to.equal(false)
    }
  })

  it('has events without ids where it declares none', () => {
    expect(fits(stream({ said: z.string() }), { id: '7', event: 'said', data: 'hello' })).to.equal(false)
  })

  it('is not declared without an event, or with one that has no fit name or that of the last', () => {
    expect(() => stream({})).to.throw('names no event')
    for (const name of ['end', '', 'Made', 'a b', 'a\nb', 'a:b', 'x'.repeat(65)]) {
      expect(() => stream({ [name]: z.string() }), name).to.throw('cannot name an event')
    }
  })
})
