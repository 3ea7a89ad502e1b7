import { expect } from 'chai'
import { type BuiltUser, buildMember } from '../../../test/build.js'
import { useServer } from '../../../test/server.js'

describe('payloads of jobs made by REST', () => {
  const server = useServer()
  let admin: BuiltUser

  before(async () => {
    admin = await buildMember(server)
  })

  const job = (body: unknown) => ({
    kind: 'workers.http-request',
    payload: { url: 'https://app.example.com/tasks', body },
    delay_s: 3_600,
  })
  const create = (body: unknown) => admin.api.post('/workers/v1/jobs', job(body))

  it('are at most 65,536 bytes as JSON', async () => {
    const room = 65_536 - JSON.stringify(job('').payload).length
    expect((await create('x'.repeat(room))).status).to.equal(202)
    const res = await create('x'.repeat(room + 1))
    expect(res.status).to.equal(422)
    expect(res.body.errors[0].pointer).to.equal('/payload')
  })

  it('are refused for what PostgreSQL cannot hold, and take no other job of the tenant along', async () => {
    for (const text of ['a\0b', 'half \ud83d of a pair']) {
      const made = await Promise.all([create('good'), create(text), create('good too')])
      expect(made.map(({ status }) => status)).to.deep.equal([202, 422, 202])
    }
  })

  it('come back as they were', async () => {
    const body = { words: ['\\u0000', '😀', 'ä"\\'], 'a key': { deep: [1.5, -0.25, 1e21, null, true] } }
    const { id } = (await create(body)).body
    expect((await admin.api.get(`/workers/v1/jobs/${id}`)).body.payload.body).to.deep.equal(body)
  })
})
