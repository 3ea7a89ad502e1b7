import { expect } from 'chai'
import { useNotes } from '../../test/notes-service.js'

const CANARIES = /canary|select|insert|node_modules|\.js|\.ts:|uuid:|relation|syntax/i

describe('an error that leaves', () => {
  const notes = useNotes()
  const failing = (how: string) => notes.caller().post('/notes/v1/failures', { how })

  for (const how of ['error', 'sql', 'missing', 'output', 'bigint', 'unknown']) {
    it(`is a bare 500 that tells nothing and keeps nothing (${how})`, async () => {
      const before = await notes.count()
      const res = await failing(how)
      expect(res.status).to.equal(500)
      expect(res.headers.get('content-type')).to.equal('application/problem+json')
      expect(res.body).to.have.all.keys(
        'type',
        'title',
        'status',
        'detail',
        'instance',
        'code',
        'next',
        'request_id',
      )
      expect(res.body.code).to.equal('request.internal')
      expect(res.text).not.to.match(CANARIES)
      expect(await notes.count()).to.equal(before)
    })
  }

  it('is found in the log by its request id, without the values that the database saw', async () => {
    const res = await failing('sql')
    const lines = notes.server.logs.filter((line) => line.includes(res.body.request_id))
    const error = lines.map((line) => JSON.parse(line)).find((line) => line.level === 'error')
    expect(error.err).to.include({ error_code: '22P02' })
    expect(lines.join('')).not.to.contain('canary-value')
  })

  it('says 409 where something exists already', async () => {
    const res = await failing('unique')
    expect([res.status, res.body.code]).to.deep.equal([409, 'request.conflict'])
    expect(res.text).not.to.match(CANARIES)
  })

  it('says what to do when a permission is missing, and records a refusal where the route wants it', async () => {
    const caller = notes.caller()
    const res = await caller.post('/notes/v1/failures', { how: 'forbidden' })
    expect([res.status, res.body.code]).to.deep.equal([403, 'request.forbidden'])
    expect(res.headers.get('www-authenticate')).to.contain('insufficient_scope')
    const rows = await notes.server.resources.db.readSystem({
      text: 'select action, outcome, detail from audit_logs where tenant_id = $1',
      values: [caller.tenantId],
    })
    expect(rows).to.deep.equal([
      { action: 'note.failed', outcome: 'refused', detail: { code: 'request.forbidden' } },
    ])
    expect((await notes.caller(undefined, 'user').post('/notes/v1/notes', { body: 'x' })).status).to.equal(
      403,
    )
  })

  it('tells apart no credential, a bad one, and one that names no organisation', async () => {
    const without = await notes.anonymous.get('/notes/v1/notes')
    expect([without.status, without.headers.get('www-authenticate')]).to.deep.equal([
      401,
      'Bearer realm="vetrai"',
    ])
    for (const authorization of [
      'Bearer test:x',
      'Basic abc',
      'Bearer',
      'Bearer ',
      'nonsense',
      `Bearer ${'x'.repeat(5000)}`,
    ]) {
      const bad = await notes.anonymous.with({ authorization }).get('/notes/v1/notes')
      expect(bad.status, authorization).to.equal(401)
      expect(bad.headers.get('www-authenticate')).to.contain('invalid_token')
    }
    const homeless = await notes.caller(null).get('/notes/v1/notes')
    expect([homeless.status, homeless.body.code]).to.deep.equal([400, 'request.tenant_required'])
  })

  it('hides another tenant’s object byte for byte like one that never was', async () => {
    const [ours, theirs] = [notes.caller(), notes.caller()]
    const { body } = await theirs.post('/notes/v1/notes', { body: 'private' })
    const foreign = await ours.get(`/notes/v1/notes/${body.id}`)
    const random = await ours.get('/notes/v1/notes/01970000-0000-7000-8000-000000000000')
    const comparable = (res: typeof foreign) =>
      res.text.replaceAll(res.body.request_id, '').replaceAll(res.body.instance, '')
    expect(foreign.status).to.equal(404)
    expect(comparable(foreign)).to.equal(comparable(random))
    expect((await ours.patch(`/notes/v1/notes/${body.id}`, { body: 'taken' })).status).to.equal(404)
    await ours.delete(`/notes/v1/notes/${body.id}`)
    expect((await theirs.get(`/notes/v1/notes/${body.id}`)).body.body).to.equal('private')
  })
})

describe('a database that is away', () => {
  const notes = useNotes({ settings: { DATABASE_POOL_MAX: '2' } })

  it('is answered with 503 and a time to retry, without its address', async () => {
    const { db } = notes.server.resources
    const caller = notes.caller()
    expect((await caller.get('/notes/v1/notes')).status).to.equal(200)
    const original = db.transaction
    Object.assign(db, {
      transaction: () =>
        Promise.reject(
          Object.assign(new Error('connect ECONNREFUSED 10.0.0.9:5432'), { code: 'ECONNREFUSED' }),
        ),
    })
    const res = await caller.get('/notes/v1/notes')
    Object.assign(db, { transaction: original })
    expect([res.status, res.body.code, res.headers.get('retry-after')]).to.deep.equal([
      503,
      'request.unavailable',
      '2',
    ])
    expect(res.text).not.to.contain('10.0.0.9')
  })
})
