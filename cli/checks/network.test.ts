import { createSocket, type Socket } from 'node:dgram'
import { expect } from 'chai'
import { findFreePort } from '../deployment/free-port.js'
import { ApiStub } from '../testing/api-stub.js'
import { judgeDomain } from './dns.js'
import { lookUpDomain, ownAddresses } from './domain-addresses.js'
import { fetchAnswer, serveProbe } from './probe.js'
import { judgeReach } from './reachability.js'

const DOMAIN = 'api.shop.example'
const own = new Set(['203.0.113.7', '2001:db8::7', '127.0.0.1'])

describe('doctor’s checks of the network', () => {
  describe('where a domain leads', () => {
    const judge = (
      addresses: string[],
      { isLocalOnly = false, certificates = 'public' as 'public' | 'internal' } = {},
    ) => judgeDomain(DOMAIN, { addresses, isLocalOnly }, { own, certificates })

    it('is well when it is this host', () => {
      expect(judge(['203.0.113.7', '2001:db8::7']).level).to.equal('ok')
    })

    it('fails when it is nowhere', () => {
      expect(judge([])).to.include({ level: 'fail' })
      expect(judge([]).remedy).to.include(`A record (and AAAA, if this host has IPv6) for ${DOMAIN}`)
    })

    it('is a warning with words on NAT and CDNs when it is another address', () => {
      const finding = judge(['104.16.1.1'])
      expect(finding.level).to.equal('warn')
      expect(finding.remedy).to.include('NAT').and.include('Cloudflare')
    })

    it('warns of an AAAA record that leads elsewhere', () => {
      const finding = judge(['203.0.113.7', '2001:db8::99'])
      expect(finding.level).to.equal('warn')
      expect(finding.remedy).to.include('AAAA')
    })

    it('warns when only this host knows it, unless certificates are its own', () => {
      expect(judge(['127.0.0.1'], { isLocalOnly: true }).level).to.equal('warn')
      expect(judge(['127.0.0.1'], { isLocalOnly: true, certificates: 'internal' }).level).to.equal('ok')
    })

    it('is asked of name servers first, and of this host’s table only then', async () => {
      const server = await nameServer({ [DOMAIN]: '203.0.113.7', localhost: '198.51.100.1' })
      const servers = [`127.0.0.1:${server.address().port}`]
      expect(await lookUpDomain(DOMAIN, servers)).to.deep.equal({
        addresses: ['203.0.113.7'],
        isLocalOnly: false,
      })
      expect(await lookUpDomain('none.invalid', servers)).to.deep.equal({ addresses: [], isLocalOnly: false })
      await new Promise<void>((resolve) => server.close(resolve))
      const empty = await nameServer({})
      const local = await lookUpDomain('localhost', [`127.0.0.1:${empty.address().port}`])
      expect(local.isLocalOnly).to.equal(true)
      expect(local.addresses.some((address) => ownAddresses().has(address))).to.equal(true)
      await new Promise<void>((resolve) => empty.close(resolve))
    })
  })

  describe('whether calls arrive', () => {
    const url = `http://${DOMAIN}`

    it('is proved by our own word coming back', async () => {
      const port = await findFreePort()
      const probe = await serveProbe({
        host: '127.0.0.1',
        port,
        path: '/.well-known/vetrai-probe/abc',
        body: 'our word',
      })
      if ('error' in probe) throw new Error(probe.error)
      const answer = await fetchAnswer(`http://127.0.0.1:${port}/.well-known/vetrai-probe/abc`, {
        verify: true,
      })
      expect(judgeReach({ url, answer, expected: 'our word' }, true).level).to.equal('ok')
      const wrong = await fetchAnswer(`http://127.0.0.1:${port}/other`, { verify: true })
      expect(wrong).to.include({ status: 404, body: '' })
      expect(judgeReach({ url, answer: wrong, expected: 'our word' }, true).level).to.equal('fail')

      const second = await serveProbe({ host: '127.0.0.1', port, path: '/', body: '' })
      expect(second).to.deep.equal({ error: 'EADDRINUSE' })
      await probe.close()
      const refused = await fetchAnswer(`http://127.0.0.1:${port}/`, { verify: true })
      expect(refused).to.deep.equal({ error: 'the connection is refused', isCertificate: false })
    })

    it('is answered by a redirect of something in front, or by another server', async () => {
      const stub = await ApiStub.start()
      stub.on('GET /away', { status: 308, body: {}, headers: { location: 'https://elsewhere.example/' } })
      const away = await fetchAnswer(`${stub.url}/away`, { verify: true })
      const finding = judgeReach({ url, answer: away, expected: 'our word' }, true)
      expect(finding).to.include({ level: 'warn' })
      expect(finding.detail).to.include('https://elsewhere.example/')
      const other = await fetchAnswer(`${stub.url}/x`, { verify: true })
      expect(judgeReach({ url, answer: other, expected: 'our word' }, true).detail).to.include(
        'another server (status 404)',
      )
      await stub.stop()
    })

    it('cannot be told from here where the domain leads through a router', () => {
      const answer = { error: 'no answer within 5 seconds', isCertificate: false }
      expect(judgeReach({ url, answer, expected: 'x' }, false).level).to.equal('warn')
      expect(judgeReach({ url, answer, expected: 'x' }, true).level).to.equal('fail')
      const untrusted = { error: 'self-signed certificate', isCertificate: true }
      expect(judgeReach({ url, answer: untrusted, expected: 'x' }, false)).to.include({
        level: 'fail',
        remedy: 'See why no certificate was issued: vetrai logs proxy',
      })
    })
  })
})

/** A name server on loopback that knows some A records and nothing else. */
async function nameServer(records: Record<string, string>): Promise<Socket> {
  const server = createSocket('udp4')
  server.on('message', (query, client) => {
    const labels: string[] = []
    let at = 12
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += length + 1
    }
    const question = query.subarray(12, at + 5)
    const wantsA = query.readUInt16BE(at + 1) === 1
    const known = records[labels.join('.').toLowerCase()]
    const address = wantsA ? known : undefined
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(address === undefined ? 0 : 1, 6)
    head.writeUInt32BE(0, 8)
    const answer =
      address === undefined
        ? []
        : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]
    server.send(Buffer.concat([head, question, Buffer.from(answer)]), client.port, client.address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  return server
}
