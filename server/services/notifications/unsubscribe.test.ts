import { expect } from 'chai'
import fc from 'fast-check'
import { buildTenant } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'
import { asAdmin, stores } from '../../../test/stores.js'
import { newId } from '../../kernel/ids.js'
import { unsubscribeUrl } from './operations/unsubscribe.js'
import { isOneClick, makeUnsubscribeToken, readUnsubscribeToken } from './rules/unsubscribe-link.js'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

describe('an unsubscribe link', () => {
  const server = useServer({ settings: { VETRAI_NAME: 'Acme <b>Apps</b>' } })
  const recipient = newId()

  const pathOf = (tenantId: string | null, category: string | null = 'news') =>
    new URL(unsubscribeUrl(server.resources, { tenantId, recipient, category })).pathname
  const told = async (): Promise<object[]> => {
    const { rows } = await asAdmin(
      await stores(),
      `select tenant_id, payload from outbox where name = 'notifications.unsubscribed' order by id`,
      server.databaseName,
    )
    return rows
  }
  const press = (path: string) =>
    server.anonymous.call('POST', path, { headers: FORM, body: 'List-Unsubscribe=One-Click' })

  it('leads to the public address', () => {
    const url = unsubscribeUrl(server.resources, { tenantId: null, recipient, category: 'news' })
    expect(url).to.match(/^http:\/\/vetrai\.test\/notifications\/v1\/unsubscribe\/[\w-]+\.[\w-]+$/)
  })

  it('shows a page and changes nothing, however often it is opened and by whom', async () => {
    const tenant = await buildTenant(server)
    const path = pathOf(tenant.id)
    for (let i = 0; i < 3; i += 1) {
      const res = await server.get(path)
      expect(res.status).to.equal(200)
      expect(res.headers.get('content-type')).to.equal('text/html; charset=utf-8')
      expect(res.headers.get('content-security-policy'))
        .to.contain("form-action 'self'")
        .and.not.contain('unsafe')
      expect(res.headers.get('cache-control')).to.equal('no-store')
      expect(res.text).to.contain('An organisation').and.contain('“news”').and.contain('value="One-Click"')
      expect(res.text, 'only its own resources').not.to.match(/(src|href)="(https?:)?\/\//)
      expect(res.text).not.to.match(/<script|\{\{/)
    }
    await server.anonymous.call('HEAD', path, {})
    expect(await told()).to.deep.equal([])
  })

  it('finds its style wherever it is', async () => {
    const { text } = await server.get(pathOf(null))
    const [, href = ''] = /<link rel="stylesheet" href="([^"]+)">/.exec(text) ?? []
    expect(new URL(href, `http://x.test${pathOf(null)}`).pathname).to.equal('/account/assets/account.css')
  })

  it('ends the category by one click, as a form and as multipart, and says so', async () => {
    const tenant = await buildTenant(server)
    const pressed = await press(pathOf(tenant.id))
    expect(pressed.status).to.equal(200)
    expect(pressed.text).to.contain('You are unsubscribed').and.contain('“news”')
    const multipart = await server.anonymous.call('POST', pathOf(tenant.id, null), {
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
    })
    expect(multipart.status).to.equal(200)
    expect((await told()).slice(-2)).to.deep.equal([
      { tenant_id: tenant.id, payload: { recipient, category: 'news' } },
      { tenant_id: tenant.id, payload: { recipient, category: null } },
    ])
  })

  it('does nothing for a post that is no one-click request', async () => {
    const before = await told()
    for (const body of ['', 'a=b', 'List-Unsubscribe=', 'list-unsubscribe=one-click']) {
      const res = await server.anonymous.call('POST', pathOf(null), { headers: FORM, body })
      expect(res.status, body).to.equal(400)
      expect(res.headers.get('content-type')).to.equal('text/html; charset=utf-8')
    }
    expect((await server.post(pathOf(null), { 'List-Unsubscribe': 'One-Click' })).status).to.equal(415)
    expect(await told()).to.deep.equal(before)
  })

  it('answers a page to whoever has half of it', async () => {
    const before = await told()
    const path = pathOf(null)
    for (const cut of [path.slice(0, -1), `${path}x`, path.replace(/unsubscribe\/./, 'unsubscribe/x')]) {
      const res = await server.get(cut)
      expect(res.status, cut).to.equal(404)
      expect(res.text).to.contain('This link is not complete').and.contain('Acme &#60;b&#62;Apps&#60;/b&#62;')
      expect((await press(cut)).status).to.equal(404)
    }
    expect(await told()).to.deep.equal(before)
  })

  it('still works when the organisation is gone', async () => {
    const res = await server.get(pathOf(newId()))
    expect(res.status).to.equal(200)
    expect(res.text).to.contain('Acme &#60;b&#62;Apps')
  })

  it('shows a category as words, whatever it is', async () => {
    const { text } = await server.get(pathOf(null, '<img src=x onerror=alert(1)>'))
    expect(text).not.to.contain('<img')
  })
})

describe('the token of an unsubscribe link', () => {
  const key = Buffer.alloc(32, 5)
  const part = fc.string({ minLength: 1, maxLength: 100 })
  const unsubscription = fc.record({
    tenantId: fc.option(fc.uuid()),
    recipient: part,
    category: fc.option(part),
  })

  it('says what it was made of, in letters that addresses hold', () => {
    fc.assert(
      fc.property(unsubscription, (value) => {
        const token = makeUnsubscribeToken(key, value)
        expect(token).to.match(/^[\w.-]{1,700}$/)
        expect(readUnsubscribeToken(key, token)).to.deep.equal(value)
      }),
    )
  })

  it('says nothing when a letter is changed, with another key, or cut', () => {
    const token = makeUnsubscribeToken(key, { tenantId: null, recipient: 'somebody', category: 'news' })
    expect(readUnsubscribeToken(Buffer.alloc(32, 6), token)).to.equal(null)
    for (let at = 0; at < token.length - 1; at += 1) {
      const forged = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      expect(readUnsubscribeToken(key, forged), forged).to.equal(null)
      expect(readUnsubscribeToken(key, token.slice(0, at))).to.equal(null)
    }
  })

  it('tells a one-click request from other bodies', () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(isOneClick(Buffer.from(text))).to.equal(false)))
    expect(isOneClick(Buffer.from('x=1&List-Unsubscribe=One-Click'))).to.equal(true)
  })
})
