import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { z } from 'zod'
import { EventReader } from '../../test/event-source.js'
import { stuckClient } from '../../test/raw-request.js'
import { openLogger } from '../observability/logger.js'
import { EventStream, type EventStreamOptions, type StreamOutcome } from './event-stream.js'

const schema = z.strictObject({ id: z.string().optional(), event: z.literal('word'), data: z.string() })
const word = (data: string, id?: string) => ({ event: 'word', data, ...(id === undefined ? {} : { id }) })

async function* listOf(...events: unknown[]) {
  yield* events
}

describe('one stream of events', () => {
  const servers: Server[] = []
  const lines: string[] = []
  const log = openLogger({
    level: 'info',
    name: 'test',
    destination: { write: (line) => void lines.push(line) },
  })
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  /** A server whose only answer is this stream. */
  async function serve(events: AsyncIterable<unknown>, more: Partial<EventStreamOptions> = {}) {
    let tell: (outcome: Promise<StreamOutcome>) => void
    const outcome = new Promise<StreamOutcome>((resolve) => {
      tell = resolve
    })
    const begun = new Promise<{ response: ServerResponse; stream: EventStream }>((resolve) => {
      const server = createServer((_request, response) => {
        const stream = new EventStream({
          ...{ response, log, schema, heartbeatMs: 100, stillHolds: () => true, onEvent: () => undefined },
          ...more,
        })
        resolve({ response, stream })
        tell(stream.run(events, { 'X-Own': '1' }))
      })
      servers.push(server)
      server.listen(0, '127.0.0.1')
    })
    const server = servers.at(-1) as Server
    await new Promise((resolve) => server.once('listening', resolve))
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, begun, outcome }
  }

  const read = async (url: string) => {
    const events = await new EventReader(await fetch(url)).rest()
    return events.map(({ id, event, data }) => [id, event, data])
  }

  it('sends its events and then says that it is finished', async () => {
    const { url, outcome } = await serve(listOf(word('a', '1'), word('b')))
    expect(await read(url)).to.deep.equal([
      ['1', 'word', 'a'],
      [undefined, 'word', 'b'],
      [undefined, 'end', { reason: 'finished' }],
    ])
    expect(await outcome).to.deep.equal({ events: 2, end: 'finished' })
  })

  it('sends nothing after it was ended, by whoever was first', async () => {
    async function* slow() {
      yield word('a')
      await turn()
      yield word('b')
    }
    const { url, begun, outcome } = await serve(slow(), {
      onEvent: () => void begun.then(({ stream }) => stream.end('shutdown')),
    })
    expect(await read(url)).to.deep.equal([
      [undefined, 'word', 'a'],
      [undefined, 'end', { reason: 'shutdown' }],
    ])
    expect(await outcome).to.deep.equal({ events: 1, end: 'shutdown' })
  })

  it('lets no id through that would not come back as it was', async () => {
    for (const id of ['a\nevent: other', '', 'é', ' ']) {
      const { url, outcome } = await serve(listOf(word('a', id)))
      expect(await read(url)).to.deep.equal([[undefined, 'end', { reason: 'failed' }]])
      expect((await outcome).end).to.equal('failed')
    }
  })

  it('fails where it cannot be known whether the credential is still good', async () => {
    const away = () => Promise.reject(new Error('the database is away'))
    const { url } = await serve(silence(), { stillHolds: away, heartbeatMs: 150 })
    expect(await read(url)).to.deep.equal([[undefined, 'end', { reason: 'failed' }]])
  })

  it('holds no more than a buffer for a client that takes nothing, and drops it after a while', async () => {
    const size = 10_000
    async function* flood() {
      for (;;) yield word('x'.repeat(size))
    }
    const { url, begun, outcome } = await serve(flood())
    const stuck = stuckClient(url)
    const { response, stream } = await begun
    let most = 0
    while (!stream.signal.aborted) {
      await turn()
      most = Math.max(most, response.writableLength)
    }
    expect(most).to.be.within(size, response.writableHighWaterMark + 3 * size)
    expect((await outcome).end).to.equal('gone')
    stuck.destroy()
  })

  it('is over before it began where the client has left already', async () => {
    let isBegun = false
    async function* never() {
      isBegun = true
      yield word('a')
    }
    const outcome = new Promise<StreamOutcome>((resolve) => {
      const server = createServer((request, response) => {
        request.socket.destroy()
        response.once('close', () => {
          const stream = new EventStream({
            ...{ response, log, schema, heartbeatMs: 100, stillHolds: () => true, onEvent: () => undefined },
          })
          resolve(stream.run(never(), {}))
        })
      })
      servers.push(server)
      server.listen(0, '127.0.0.1', () => {
        stuckClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`).on(
          'error',
          () => undefined,
        )
      })
    })
    expect(await outcome).to.deep.equal({ events: 0, end: 'gone' })
    expect(isBegun).to.equal(false)
  })
})

async function* silence() {
  yield await new Promise(() => undefined)
}
