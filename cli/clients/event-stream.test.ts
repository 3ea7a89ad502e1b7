import { expect } from 'chai'
import fc from 'fast-check'
import { formatEvent, formatRetry, HEARTBEAT } from '../../server/http/event-format.js'
import { readEvents, type ServerEvent } from './event-stream.js'

const sent = fc.record(
  {
    id: fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
    event: fc.stringMatching(/^[a-z][a-z.-]{0,20}$/),
    data: fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: fc.constantFrom('\n', '\r', '\n\n', ': ', 'data: ', '\u2028', '\ufeff', 'é', '😀') }),
    ),
  },
  { requiredKeys: ['event', 'data'] },
)

/** A body that arrives in pieces cut at these bytes, in the middle of a character too. */
async function* cutAt(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (const [i, place] of places.entries()) yield bytes.subarray(place, places[i + 1])
}

async function read(text: string, cuts: readonly number[] = []): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  for await (const event of readEvents(cutAt(text, cuts))) events.push(event)
  return events
}

describe('the reader of event streams', () => {
  it('reads what the server writes, in whatever pieces it arrives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sent), fc.array(fc.nat()), async (events, cuts) => {
        const text = formatRetry(1_000) + events.map(formatEvent).join(HEARTBEAT)
        expect(await read(text, cuts)).to.deep.equal(
          events.map(({ id, event, data }) => ({ id, event, data: JSON.parse(JSON.stringify(data)) })),
        )
      }),
    )
  })

  it('drops an event that was cut off, so that it comes anew after the one before', async () => {
    const whole = formatEvent({ id: '1', event: 'log', data: 'one' })
    const next = formatEvent({ id: '2', event: 'log', data: 'two' })
    for (let length = 0; length < next.length; length += 1) {
      const events = await read(whole + next.slice(0, length))
      expect(events.map(({ id }) => id)).to.deep.equal(['1'])
    }
  })

  it('takes an event without a name for a message, and comments for nothing', async () => {
    expect(await read(': hello\n\ndata:{"a":1}\n\n')).to.deep.equal([
      { id: undefined, event: 'message', data: { a: 1 } },
    ])
  })
})
