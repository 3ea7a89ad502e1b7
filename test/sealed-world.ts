import { expect } from 'chai'
import { Webhook } from 'standardwebhooks'
import { backgroundContext } from '../server/kernel/context.js'
import { addTotp, mailedToken, makePerson, PASSWORD } from '../server/services/auth/test-support.js'
import { loadVapidKeys } from '../server/services/notifications/senders/vapid.js'
import { openSecrets } from '../server/services/workers/workflows/models/secret.js'
import { type BuiltUser, buildMember, unique } from './build.js'
import type { Answer } from './caller.js'
import type { Receiver } from './receiver.js'
import type { TestServer } from './server.js'

/** One value of every kind that the installation keeps sealed; each check fails unless its value still opens. */
export interface SealedWorld {
  owner: BuiltUser
  checks: Record<string, (server: TestServer) => Promise<void>>
}

/** Makes one sealed value of every kind, by the means of people and programs. */
export async function buildSealedWorld(server: TestServer, receiver: Receiver): Promise<SealedWorld> {
  const owner = await buildMember(server)
  return {
    owner,
    checks: {
      ...(await secondFactors(server)),
      ...(await webhooks(owner, receiver)),
      ...(await others(server, owner)),
    },
  }
}

async function secondFactors(server: TestServer): Promise<SealedWorld['checks']> {
  const person = await makePerson(server)
  const { codeAt } = await addTotp(server, person)
  const login = { email: person.email, password: PASSWORD }
  const waiting = await ok(server.post('/auth/v1/login', login))
  await ok(server.post('/auth/v1/password/forgot', { email: person.email }))
  return {
    'a sign-in that waits for its code': async (now) => {
      await ok(now.post('/auth/v1/login/mfa', { mfa_token: waiting.mfa_token, code: codeAt(0) }))
    },
    'an authenticator app': async (now) => {
      await ok(now.post('/auth/v1/login', { ...login, code: codeAt(1) }))
    },
    'a link to choose a password, not mailed yet': async (now) => {
      const token = await mailedToken(now, person.email)
      await ok(now.post('/auth/v1/password/reset', { token, new_password: 'nine ferries to the island' }))
    },
  }
}

async function webhooks(owner: BuiltUser, receiver: Receiver): Promise<SealedWorld['checks']> {
  const { secret } = await ok(
    owner.api.post('/notifications/v1/webhook-endpoints', {
      url: receiver.url,
      event_types: ['app.*'],
      headers: { 'x-shop': 'kept safe' },
    }),
  )
  return {
    'the signing key and the headers of a webhook': async (now) => {
      const before = receiver.requests.length
      const api = owner.api.at(now.url)
      await ok(api.post('/notifications/v1/webhook-messages', { type: 'app.sealed', data: {} }))
      await now.work()
      const sent = receiver.requests.slice(before)
      expect(sent).to.have.length(1)
      const [{ headers, body } = { headers: {}, body: '' }] = sent
      expect(headers).to.include({ 'x-shop': 'kept safe' })
      new Webhook(secret).verify(body, headers as Record<string, string>)
    },
  }
}

async function others(server: TestServer, owner: BuiltUser): Promise<SealedWorld['checks']> {
  const name = unique('S').toUpperCase().replaceAll('-', '_')
  const hosts = ['api.example.com']
  await ok(owner.api.put(`/workers/v1/workflow-secrets/${name}`, { value: 'hush-hush-hush', hosts }))
  const push = await loadVapidKeys(server.resources)
  const once = { headers: { 'idempotency-key': unique('once') } }
  const body = { name: unique('key'), scopes: ['keys:read'] }
  const first = await owner.api.post('/keys/v1/keys', body, once)
  return {
    'the secret of a workflow': async (now) => {
      const tenant = { ...owner.tenant, status: 'active' as const }
      const ctx = backgroundContext(now.resources, 'test', tenant)
      const opened = await ctx.transaction(() => openSecrets(ctx, [name]))
      expect(opened.get(name)).to.deep.equal({ value: 'hush-hush-hush', hosts })
    },
    'the key for push messages': async (now) => {
      expect(await loadVapidKeys(now.resources)).to.deep.equal(push)
    },
    'an answer that is kept for a repeated request': async (now) => {
      const again = await owner.api.at(now.url).post('/keys/v1/keys', body, once)
      expect([again.text, again.headers.get('idempotency-replayed')]).to.deep.equal([first.text, 'true'])
    },
    'the key that a session was signed with': async (now) => {
      expect((await owner.api.at(now.url).get('/auth/v1/me')).status).to.equal(200)
    },
  }
}

async function ok(answer: Promise<Answer>): Promise<Answer['body']> {
  const { status, text, body } = await answer
  if (status >= 300) throw new Error(`${status} ${text}`)
  return body
}
