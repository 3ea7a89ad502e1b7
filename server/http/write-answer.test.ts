import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { openLogger } from '../observability/logger.js'
import type { Answer } from './answer.js'
import type { Exchange } from './exchange.js'
import { writeAnswer } from './write-answer.js'

describe('writing an answer', () => {
  const lines: string[] = []
  const log = openLogger({
    level: 'info',
    name: 'test',
    destination: { write: (line) => void lines.push(line) },
  })

  /** What a client sees of this answer. */
  async function seen(answer: Answer, times = 1): Promise<string> {
    const server = createServer((request, response) => {
      const exchange = { request, response, id: 'request-1', headers: {} } as unknown as Exchange
      for (let i = 0; i < times; i += 1) writeAnswer(exchange, answer, log)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const outcome = await fetch(`http://127.0.0.1:${port}/`).then(
      async (res) => `${res.status} ${res.headers.get('content-length')} ${await res.text()}`,
      () => 'cut off',
    )
    server.closeAllConnections()
    server.close()
    return outcome
  }

  it('counts bytes, not characters, and sends none with 204 and 304', async () => {
    expect(await seen({ status: 200, headers: {}, body: 'é' })).to.equal('200 2 é')
    expect(await seen({ status: 204, headers: {}, body: null })).to.equal('204 null ')
    expect(await seen({ status: 304, headers: {}, body: null })).to.equal('304 null ')
  })

  it('sends one answer only', async () => {
    expect(await seen({ status: 200, headers: {}, body: 'once' }, 2)).to.equal('200 4 once')
  })

  it('cuts the connection off, and says so, where a header cannot be sent', async () => {
    expect(await seen({ status: 201, headers: { Location: '/x\r\nSet-Cookie: a=b' }, body: '{}' })).to.equal(
      'cut off',
    )
    expect(lines.join('')).to.contain('could not be written').and.to.contain('request-1')
  })
})
