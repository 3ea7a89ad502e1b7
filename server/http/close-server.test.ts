import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { closeServer } from './close-server.js'

describe('closing an HTTP server', () => {
  let server: Server
  let agent: Agent
  let url: string

  beforeEach(async () => {
    server = createServer((_request, response) => response.end('done'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect(await put()).to.equal(200)
  })
  afterEach(() => agent.destroy())

  it('answers what comes on a connection that idled as it began', async () => {
    const closed = closeServer(server, 5_000)
    await new Promise(setImmediate)
    expect(await put()).to.equal(200)
    agent.destroy()
    await closed
  })

  it('takes no further connection', async () => {
    const closed = closeServer(server, 5_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await put(new Agent()).catch(({ code }: NodeJS.ErrnoException) => code)).to.equal('ECONNREFUSED')
    agent.destroy()
    await closed
  })

  it('ends idle connections after their time', async () => {
    await closeServer(server, 20)
    expect(await put(new Agent()).catch(({ code }: NodeJS.ErrnoException) => code)).to.equal('ECONNREFUSED')
  })

  async function put(by = agent): Promise<number | undefined> {
    const sent = request(url, { method: 'PUT', agent: by })
    sent.end('{}')
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
    return answer.statusCode
  }
})
