import { expect } from 'chai'
import { OPERATOR_EMAIL, OPERATOR_PASSWORD, useServer } from '../../test/server.js'

describe('the application', () => {
  const server = useServer()

  it('answers health, readiness, the API document and its page', async () => {
    expect((await server.get('/healthz')).status).to.equal(200)
    const ready = await server.get('/readyz')
    expect(ready.body).to.include({ ready: true })
    expect(ready.status).to.equal(200)
    expect((await server.get('/openapi.json')).body.openapi).to.equal('3.1.0')
    expect((await server.get('/docs')).text).to.contain('swagger-ui')
  })

  it('answers an address that cannot be decoded as one that is not there', async () => {
    for (const path of [
      '/objects/v1/%zz',
      '/docs/assets/%ff',
      '/auth/v1/users/%zz',
      '/tenancy/v1/tenants/%00',
    ]) {
      const res = await server.get(path)
      expect([res.status, res.body.code], path).to.deep.equal([404, 'request.not_found'])
    }
  })

  it('answers an unknown address with a problem that says what to do', async () => {
    const res = await server.get('/nowhere')
    expect(res.status).to.equal(404)
    expect(res.headers.get('content-type')).to.equal('application/problem+json')
    expect(res.body).to.include({ code: 'request.not_found', instance: '/nowhere' })
    expect(res.body.next).to.be.a('string')
  })

  it('shows metrics from afar to a whole credential of an operator, not to a narrowed one', async () => {
    const login = await server.post('/auth/v1/login', { email: OPERATOR_EMAIL, password: OPERATOR_PASSWORD })
    const made = await server
      .as(login.body.access_token)
      .post('/auth/v1/tokens', { name: 'narrow', scopes: ['tenancy:read'] })
    expect(made.status, made.text).to.equal(201)
    const far = { 'x-forwarded-for': '203.0.113.7' }
    expect((await server.operator.with(far).get('/metrics')).status).to.equal(200)
    expect((await server.as(made.body.token).with(far).get('/metrics')).status).to.equal(403)
  })
})
