import { expect } from 'chai'
import { totpCode, totpStep } from '../../server/services/auth/factors/totp.js'
import { base32Decode } from '../../server/services/auth/test-support.js'
import type { Deployment } from '../deployment/deployment.js'

const PASSWORD = 'a quiet river 7 miles long'
let made = 0

interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the answer holds, and fails on what is not there.
  body: any
}

/**
 * Somebody with an API key, a session and an authenticator app in a deployment that runs. What is answered throws unless all
 * of them are still good: hashes, signatures and sealed values hang on keys of the installation. It works once.
 */
export async function makeCredentials(deployment: Deployment): Promise<() => Promise<void>> {
  made += 1
  const name = `p${process.pid}-${made}`
  const email = `${name}@example.com`
  const operator = await deployment.secret('operator-token')
  const call = caller(deployment, `198.51.100.${made}`)
  const tenant = await call(
    'POST',
    '/tenancy/v1/tenants',
    { token: operator, body: { slug: name, name } },
    201,
  )
  const user = { email, password: PASSWORD, role: 'org_admin' }
  await call('POST', '/auth/v1/users', { token: operator, tenant: tenant.id, body: user }, 201)
  const session = await call('POST', '/auth/v1/login', { body: { email, password: PASSWORD } }, 200)
  const token: string = session.access_token
  const key = await call('POST', '/keys/v1/keys', { token, body: { name, scopes: ['keys:read'] } }, 201)
  const factor = await call('POST', '/auth/v1/factors', { token, body: { name: 'phone' } }, 201)
  const codeAt = (offset: number) => totpCode(base32Decode(factor.secret), totpStep(new Date()) + offset)
  await call('POST', `/auth/v1/factors/${factor.id}/verify`, { token, body: { code: codeAt(0) } }, 200)

  return async () => {
    await call('GET', '/keys/v1/keys', { token: key.key }, 200)
    await call('GET', '/auth/v1/me', { token }, 200)
    await call('POST', '/auth/v1/refresh', { body: { refresh_token: session.refresh_token } }, 200)
    await call('POST', '/auth/v1/login', { body: { email, password: PASSWORD, code: codeAt(1) } }, 200)
  }
}

/** Calls the deployment's API from an address of its own, whose attempts to sign in are counted apart, and answers the body of the status that is expected. */
function caller(deployment: Deployment, address: string) {
  return async (
    method: string,
    path: string,
    { token, tenant, body }: { token?: string; tenant?: string; body?: object },
    status: number,
  ): Promise<Answer['body']> => {
    const response = await fetch(deployment.localUrl + path, {
      method,
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': address,
        ...(token && { authorization: `Bearer ${token}` }),
        ...(tenant && { 'x-tenant': tenant }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    expect(response.status, `${method} ${path}: ${text}`).to.equal(status)
    return text === '' ? undefined : JSON.parse(text)
  }
}
