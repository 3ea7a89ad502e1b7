import { expect } from 'chai'
import { useServer } from '../../test/server.js'
import { asAdmin, stores } from '../../test/stores.js'
import { defineService } from '../kernel/define-service.js'
import { knownMigrations } from '../storage/known-migrations.js'
import { VERSION } from '../version.js'

let ailing = false

const patient = defineService({
  name: 'patient',
  summary: 'may be ill',
  prefix: '/patient',
  needs: [],
  routes: [],
  health: async () => {
    if (ailing) throw new Error('it has a cold')
  },
})

describe('readiness', () => {
  const server = useServer({ services: [patient], permissions: {} })
  const ready = () => server.get('/readyz')

  it('names the versions of everything and the schema', async () => {
    const res = await ready()
    expect(res.status).to.equal(200)
    const [newest] = (await knownMigrations()).slice(-1)
    expect(res.body).to.include({ ready: true, version: VERSION, schema_version: newest })
    expect(res.body.checks.postgres.version).to.match(/^\d+/)
    expect(res.body.checks.redis.version).to.match(/^\d+\.\d+/)
    expect(res.body.checks.pgvector.available).to.be.a('boolean')
    expect((await server.get('/patient/health')).status).to.equal(200)
  })

  it('is not given while a service is ill', async () => {
    ailing = true
    const res = await ready()
    ailing = false
    expect([res.status, res.body.ready]).to.deep.equal([503, false])
    expect(res.body.checks['service:patient']).to.deep.equal({ ok: false, detail: 'it has a cold' })
    expect((await server.get('/healthz')).status).to.equal(200)
  })

  it('is not given while migrations are pending, and says what to run', async () => {
    const [newest] = (await knownMigrations()).slice(-1)
    const admin = async (sql: string) => asAdmin(await stores(), sql, server.databaseName)
    await admin(`delete from schema_migrations where name = '${newest}'`)
    const res = await ready()
    await admin(`insert into schema_migrations (name, checksum) values ('${newest}', '')`)
    expect(res.status).to.equal(503)
    expect(res.body.checks.schema.detail).to.contain('vetrai migrate up')
    await admin(
      "insert into schema_migrations (name, checksum) values ('20990101000000-later-add-thing', '')",
    )
    const newer = await ready()
    await admin("delete from schema_migrations where name like '2099%'")
    expect([newer.status, newer.body.schema_version]).to.deep.equal([200, '20990101000000-later-add-thing'])
  })

  it('is given without Redis, which is reported', async () => {
    const { redis } = server.resources
    redis.disconnect()
    const res = await ready()
    await redis.connect()
    expect(res.status).to.equal(200)
    expect(res.body.checks.redis.ok).to.equal(false)
  })

  it('shows no address and no password when the database is away', async () => {
    const { db } = server.resources
    const { readGlobal } = db
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.9:5432'), { code: 'ECONNREFUSED' })
    for (const [error, detail] of [
      [refused, 'not reachable (ECONNREFUSED)'],
      [new Error(''), 'not reachable'],
    ] as const) {
      Object.assign(db, { readGlobal: () => Promise.reject(error) })
      const res = await ready()
      Object.assign(db, { readGlobal })
      expect(res.status).to.equal(503)
      expect(res.body.checks.postgres).to.deep.equal({ ok: false, detail })
    }
  })
})
