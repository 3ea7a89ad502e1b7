import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { findFreePort, isPortFree } from './free-port.js'

describe('a free port', () => {
  it('is none that the system may give to an outgoing connection while nobody listens there', async () => {
    const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '32768')
    for (let n = 0; n < 20; n++)
      expect(await findFreePort()).to.be.within(1_024, Number.parseInt(range, 10) - 1)
  })

  it('is one that can be listened at', async () => {
    const port = await findFreePort()
    expect(await isPortFree(port)).to.equal(true)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    expect(await isPortFree(port)).to.equal(false)
    await new Promise((resolve) => server.close(resolve))
  })
})
