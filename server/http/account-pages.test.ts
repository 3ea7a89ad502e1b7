import { expect } from 'chai'
import { rawRequest } from '../../test/raw-request.js'
import { useServer } from '../../test/server.js'

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
const PAGES = ['verify-email', 'reset-password', 'accept-invitation', 'sessions']
const ASSETS = {
  'account.js': /^text\/javascript/,
  'api.js': /^text\/javascript/,
  'view.js': /^text\/javascript/,
  'account.css': /^text\/css/,
  'icon.svg': /^image\/svg\+xml/,
}

describe('the account pages', () => {
  const server = useServer({ settings: { VETRAI_NAME: 'Acme <b>& Söhne</b> $&' } })

  for (const path of ['/', ...PAGES.map((name) => `/account/${name}`)]) {
    it(`answers ${path} with a page that no cache keeps and that runs nothing of its own`, async () => {
      const res = await server.get(path)
      expect(res.status).to.equal(200)
      expect(res.headers.get('content-type')).to.equal('text/html; charset=utf-8')
      expect(res.headers.get('content-security-policy')).to.equal(CSP)
      expect(res.headers.get('referrer-policy')).to.equal('no-referrer')
      expect(res.headers.get('cache-control')).to.equal('no-store')
      expect(res.headers.get('x-content-type-options')).to.equal('nosniff')
      expect(res.text).not.to.match(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|\{\{|<!-- /)
    })

    it(`names the deployment on ${path} as words, whatever its name is`, async () => {
      const { text } = await server.get(path)
      expect(text).to.contain('Acme &#60;b&#62;&#38; Söhne&#60;/b&#62; $&#38;').and.not.contain('<b>')
    })
  }

  for (const [name, type] of Object.entries(ASSETS)) {
    it(`answers ${name} once, then says that it has not changed`, async () => {
      const path = `/account/assets/${name}`
      const first = await server.get(path)
      expect(first.status).to.equal(200)
      expect(first.headers.get('content-type')).to.match(type)
      expect(first.headers.get('cache-control')).to.equal('public, no-cache')
      const etag = first.headers.get('etag') ?? ''
      const again = await server.anonymous.with({ 'if-none-match': etag }).get(path)
      expect([again.status, again.text]).to.deep.equal([304, ''])
    })
  }

  it('links from the first page only to what answers', async () => {
    const { text } = await server.get('/')
    const targets = [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, target]) => `/${target}`)
    expect(targets).to.include.members(['/docs', '/openapi.json', '/account/sessions'])
    for (const target of targets) expect((await server.get(target)).status, target).to.equal(200)
  })

  it('answers nothing else below /account, however it is spelled', async () => {
    const elsewhere = [
      '/account',
      '/account/',
      '/account/sessions/',
      '/account/Sessions',
      '/account/sign-in',
      '/account/layout.html',
      '/account/sessions.html',
      '/account/assets/',
      '/account/assets/layout.html',
      '/account/assets/../../../package.json',
      '/account/assets/..%2f..%2f..%2fpackage.json',
      '/account/assets/%2e%2e/%2e%2e/package.json',
      '/account/assets/..\\..\\package.json',
      '/account/assets/account.js%00.html',
    ]
    for (const path of elsewhere) {
      // Not by fetch, which would tidy the path up.
      const answer = await rawRequest(
        server.url,
        `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      )
      expect(answer, path).to.match(/^HTTP\/1.1 404 /)
      expect(answer, path).to.contain('"request.not_found"').and.not.contain('vetrai"')
    }
  })

  it('takes no forms, so that a page without its script sends no secret anywhere', async () => {
    const { text } = await server.get('/account/reset-password')
    expect(text.match(/<section /g)).to.have.length.above(2)
    expect(text).not.to.match(/<section (?![^>]*hidden)/)
    expect(text).not.to.match(/<form (?!method="post")/)
    expect((await server.post('/account/reset-password', {})).status).to.equal(404)
  })
})
