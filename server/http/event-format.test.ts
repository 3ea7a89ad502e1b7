import { expect } from 'chai'
import fc from 'fast-check'
import { EventParser, type ReceivedEvent } from '../../test/event-source.js'
import { formatEvent, formatRetry, HEARTBEAT, isEventId } from './event-format.js'

/** Text with whatever could end a line, a field or an event, or be no text at all. */
const nastyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\n', '\r', '\r\n', '\n\n', ':', ' ', 'data: ', '\0', '\u2028', '\ufeff', '\ud800'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
  ),
})
const eventName = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,20}$/)
const eventId = fc.stringMatching(/^[\x21-\x7e]{1,40}$/)
const sent = fc.record(
  { id: eventId, event: eventName, data: fc.oneof(nastyText, fc.jsonValue()) },
  { requiredKeys: ['event', 'data'] },
)

/** What a browser makes of a text that arrives in pieces cut at these places. */
function received(text: string, cuts: readonly number[] = []): ReceivedEvent[] {
  const parser = new EventParser()
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length]
  return places.slice(1).flatMap((end, i) => parser.push(text.slice(places[i], end)))
}

describe('the format of events', () => {
  it('brings any data, name and id through, in whatever pieces the text arrives', () => {
    fc.assert(
      fc.property(fc.array(sent), fc.array(fc.nat()), (events, cuts) => {
        const text = events.map((event) => formatEvent(event)).join(HEARTBEAT)
        const got = received(text, cuts)
        expect(got.map(({ id, event, text: data }) => ({ id, event, data }))).to.deep.equal(
          events.map(({ id, event, data }) => ({ id, event, data: JSON.stringify(data) })),
        )
      }),
    )
  })

  it('takes three lines for an event whatever it holds, so that nothing in it can be taken for another', () => {
    fc.assert(
      fc.property(nastyText, (data) => {
        const lines = formatEvent({ id: '7', event: 'note', data }).split(/\r\n|\r|\n/)
        expect(lines.map((line) => line.split(':', 1)[0])).to.deep.equal(['id', 'event', 'data', '', ''])
      }),
    )
  })

  it('sends ids that come back in a header as they were, and no others', () => {
    expect(['1', '01970000-0000-7000-8000-000000000001', '~!"'].every(isEventId)).to.equal(true)
    for (const id of ['', 'a b', 'a\nb', 'a\0', 'é', 'x'.repeat(256)])
      expect(isEventId(id), id).to.equal(false)
  })

  it('tells when to connect again, and lives on without an event', () => {
    const parser = new EventParser()
    expect(parser.push(formatRetry(1_500) + HEARTBEAT)).to.deep.equal([])
    expect([parser.retryMs, parser.comments]).to.deep.equal([1_500, 1])
  })
})

describe('the parser that tests read events with', () => {
  const said = (text: string) => received(text).map(({ event, text: data }) => `${event} ${data}`)

  it('reads the examples of the standard', () => {
    expect(said('data: YHOO\ndata: +2\ndata: 10\n\n')).to.deep.equal(['message YHOO\n+2\n10'])
    expect(said('data\n\ndata\ndata\n\ndata:')).to.deep.equal(['message ', 'message \n'])
    expect(said('data:test\n\ndata: test\n\n')).to.deep.equal(['message test', 'message test'])
    expect(said(': a comment\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n')).to.deep.equal([
      'message first',
      'message second',
      'message  third',
    ])
  })

  it('takes all three line breaks, a byte order mark, and an id without data', () => {
    const parser = new EventParser()
    expect(parser.push('\ufeffevent: a\r\ndata: 1\r').concat(parser.push('\n\rid: 9\r\r\n'))).to.have.length(
      1,
    )
    expect(parser.lastEventId).to.equal('9')
    parser.push('id: with \0\n\nretry: soon\n\nid\n\n')
    expect([parser.lastEventId, parser.retryMs]).to.deep.equal(['', undefined])
  })
})
