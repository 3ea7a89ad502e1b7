import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { startTwin, useServer } from '../../../test/server.js'
import { until } from '../../../test/until.js'
import { masterKeyOf } from '../../kernel/wrap-key.js'
import { Keyring } from './jwt/keyring.js'
import { makePerson, makeStaff, signIn, sql } from './test-support.js'

const ROTATE = {
  signing: '/auth/v1/signing-keys/rotate',
  sealing: '/auth/v1/sealing-keys/rotate',
} as const

const kidOf = (token: string) => jwt.decode(token, { complete: true })?.header.kid

describe('the keys of the installation', function () {
  this.timeout(60_000)
  const server = useServer()
  const keys = async () => (await server.operator.get('/auth/v1/installation-keys')).body
  const published = async () =>
    (await server.get('/auth/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid)

  it('are shown and replaced by operators only, and never by a narrowed token', async () => {
    const person = await makePerson(server)
    const agent = await makeStaff(server, 'support_agent')
    for (const path of Object.values(ROTATE)) {
      expect((await server.post(path)).status).to.equal(401)
      for (const caller of [person.api, agent.api]) expect((await caller.post(path)).status).to.equal(403)
    }
    for (const caller of [person.api, agent.api]) {
      expect((await caller.get('/auth/v1/installation-keys')).status).to.equal(403)
    }
    const admin = await makeStaff(server, 'super_admin')
    const made = await admin.api.post('/auth/v1/tokens', { name: 'narrow', scopes: ['auth:read'] })
    expect(made.status, made.text).to.equal(201)
    for (const path of Object.values(ROTATE))
      expect((await server.as(made.body.token).post(path)).status).to.equal(403)
  })

  it('tell which master secret wraps the root key, and no key', async () => {
    const { status, body, text } = await server.operator.get('/auth/v1/installation-keys')
    expect(status, text).to.equal(200)
    const { VETRAI_SECRET: master } = server.resources.config
    expect(body.master.id).to.equal(masterKeyOf(master).id)
    expect(body.signing).to.have.length(1)
    expect(body.sealing).to.have.length(1)
    expect(body.sealing[0]).to.include({ id: 0, state: 'current' })
    expect(text).to.not.contain(master)
  })

  it('sign with a new one only when caches of the key set know it, and leave tokens good', async () => {
    const person = await makePerson(server)
    const before = await published()
    const rotated = await server.operator.post(ROTATE.signing)
    expect(rotated.status, rotated.text).to.equal(200)
    expect(rotated.body).to.include({ state: 'coming', revoked: 0 })
    expect(await published()).to.have.members([...before, rotated.body.kid])
    expect(kidOf((await signIn(server, person.email)).token)).to.equal(before[0])
    expect((await person.api.get('/auth/v1/me')).status).to.equal(200)
    const lead = Date.parse(rotated.body.active_from) - Date.now()
    expect(lead).to.be.within(19 * 60_000, 20 * 60_000)
    expect((await server.operator.post(ROTATE.signing)).body.kid).to.equal(rotated.body.kid)
  })

  it('are trusted no more in any process once they are revoked, and sessions go on', async () => {
    const { twin, stop } = await startTwin(server)
    try {
      const person = await makePerson(server)
      const there = person.api.at(twin.url)
      expect((await there.get('/auth/v1/me')).status).to.equal(200)
      const before = (await published()).length
      const rotated = await server.operator.post(ROTATE.signing, { revoke_previous: true })
      expect(rotated.body).to.include({ state: 'current', revoked: before })
      expect(await published()).to.deep.equal([rotated.body.kid])
      expect((await person.api.get('/auth/v1/me')).status).to.equal(401)
      await until(async () => (await there.get('/auth/v1/me')).status === 401)
      const refreshed = await twin.post('/auth/v1/refresh', { refresh_token: person.refreshToken })
      expect(kidOf(refreshed.body.access_token)).to.equal(rotated.body.kid)
      expect((await server.as(refreshed.body.access_token).get('/auth/v1/me')).status).to.equal(200)
    } finally {
      await stop()
    }
  })

  it('are trusted no more after a while also where the message that they were revoked is lost', async () => {
    const { db, secrets, log, now } = server.resources
    let told = 0
    const onRevoked = () => {
      told += 1
    }
    const [one, other] = [
      new Keyring({ db, secrets, log, now }),
      new Keyring({ db, secrets, log, now, onRevoked, trustMs: 20 }),
    ]
    const { kid } = await other.signer()
    const { key } = await one.replace({ revokePrevious: true })
    await until(() => {
      other.keepFresh()
      return other.publicKey(kid) === undefined
    })
    expect(told).to.equal(1)
    expect(other.publicKey(key.kid)).to.not.equal(undefined)
    expect((await other.signer()).kid).to.equal(key.kid)
  })

  it('are rotated at most once where the same request is sent again', async () => {
    const once = { headers: { 'idempotency-key': 'once' } }
    const [first, again] = [
      await server.operator.post(ROTATE.sealing, undefined, once),
      await server.operator.post(ROTATE.sealing, undefined, once),
    ]
    expect([first.status, first.text]).to.deep.equal([202, again.text])
    expect(first.headers.get('location')).to.equal(`/workers/v1/jobs/${first.body.job_id}`)
    expect(first.body).to.include({ id: 1, state: 'coming', resealed_at: null })
    expect((await server.operator.get(`/workers/v1/jobs/${first.body.job_id}`)).body).to.include({
      kind: 'kernel.reseal',
      status: 'scheduled',
    })
    expect(
      (await keys()).sealing.map(({ id, state }: { id: number; state: string }) => [id, state]),
    ).to.deep.equal([
      [1, 'coming'],
      [0, 'current'],
    ])
  })

  it('answer the one that is about to seal where a further one is asked for, from several at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => server.operator.post(ROTATE.sealing)))
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(1)
    expect(new Set(answers.map(({ body }) => body.job_id)).size).to.equal(1)
  })

  it('leave an audit line each time they are replaced', async () => {
    await server.operator.post(ROTATE.signing, { revoke_previous: true })
    const lines = await sql<{ action: string; detail: object }>(
      server,
      "select action, detail from audit_logs where action in ('signing_key.rotated', 'sealing_key.rotated') order by sequence desc",
    )
    expect(lines.map(({ action }) => action)).to.include('sealing_key.rotated')
    expect(lines[0]?.detail).to.deep.include({ revoke_previous: true })
  })
})
