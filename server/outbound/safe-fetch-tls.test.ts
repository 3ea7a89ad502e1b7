import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { HOOKS_CERTIFICATE as CERTIFICATE, HOOKS_KEY as KEY } from '../../test/hooks-certificate.js'
import { createSafeFetch, type SafeFetchOptions } from './safe-fetch.js'

describe('safe fetch: https', () => {
  let server: https.Server
  let port: number

  before(async () => {
    server = https.createServer({ key: KEY, cert: CERTIFICATE }, (req, res) => {
      if (req.url === '/down')
        return void res.writeHead(302, { location: `http://hooks.example:${port}/` }).end()
      res.end('secure')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const call = (url: string, options: SafeFetchOptions = {}) =>
    createSafeFetch({
      allow: ['127.0.0.1/32'],
      ca: [CERTIFICATE],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      ...options,
    })
      .fetch(url)
      .then((res) => res.text())
      .catch((error: { code: string }) => error.code)

  it('checks the certificate against the name, not the address it connected to', async () => {
    expect(await call(`https://hooks.example:${port}/`)).to.equal('secure')
    expect(await call(`https://hooks.example.:${port}/`)).to.equal('secure')
    expect(await call(`https://other.example:${port}/`)).to.equal('outbound.tls')
    expect(await call(`https://127.0.0.1:${port}/`)).to.equal('outbound.tls')
  })

  it('refuses a certificate nobody vouches for, whatever the environment says', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      expect(await call(`https://hooks.example:${port}/`, { ca: [] })).to.equal('outbound.tls')
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
  })

  it('refuses to be redirected from https to http', async () => {
    expect(await call(`https://hooks.example:${port}/down`)).to.equal('outbound.refused_redirect')
  })

  it('refuses plain http when only https is allowed', async () => {
    expect(await call(`http://hooks.example:${port}/`, { httpsOnly: true })).to.equal(
      'outbound.refused_scheme',
    )
    expect(await call(`https://hooks.example:${port}/`, { httpsOnly: true })).to.equal('secure')
  })
})
