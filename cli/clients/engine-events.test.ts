import { Readable } from 'node:stream'
import { expect } from 'chai'
import { type EngineEvent, followEvents } from './engine-events.js'

describe('what the engine tells', () => {
  it('is followed line by line, wherever it is cut', async () => {
    const text = '{"status":"a"}\r\n{"status":"b"}\n\n{"id":"x","progressDetail":{"current":1}}'
    for (let size = 1; size < text.length; size += 3) {
      const chunks = text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []
      const events: EngineEvent[] = []
      await followEvents(Readable.from(chunks), (event) => events.push(event))
      expect(events).to.deep.equal([
        { status: 'a' },
        { status: 'b' },
        { id: 'x', progressDetail: { current: 1 } },
      ])
    }
  })

  it('is a failure when it says so in the midst of success', async () => {
    const answer = Readable.from(['{"status":"Pulling"}\n{"errorDetail":{},"error":"manifest unknown"}\n'])
    const failure = await followEvents(answer).catch((error: unknown) => error)
    expect(failure).to.be.an('error').with.property('message', 'manifest unknown')
  })

  it('is a failure when it breaks off', async () => {
    const answer = new Readable({ read: () => undefined })
    const followed = followEvents(answer).catch((error: unknown) => error)
    answer.push('{"status":"Pulling"}\n')
    answer.destroy()
    expect(await followed).to.be.an('error')
  })
})
