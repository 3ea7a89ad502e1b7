import { expect } from 'chai'
import { unique } from '../../test/build.js'
import type { Answer, Caller } from '../../test/caller.js'
import { useNotes } from '../../test/notes-service.js'
import { startTwin } from '../../test/server.js'

const PATH = '/notes/v1/notes'

describe('a request with an Idempotency-Key', () => {
  const notes = useNotes()
  const send = (caller: Caller, key: string, body: unknown = { body: 'once' }, path = PATH) =>
    caller.post(path, body, { headers: { 'idempotency-key': key } })
  const replayed = (res: Answer) => res.headers.get('idempotency-replayed')

  it('has its effect once, and its first answer again', async () => {
    const caller = notes.caller()
    const first = await send(caller, 'k1')
    const second = await send(caller, 'k1')
    expect([first.status, second.status]).to.deep.equal([201, 201])
    expect(second.text).to.equal(first.text)
    expect(second.headers.get('location')).to.equal(first.headers.get('location'))
    expect([replayed(first), replayed(second)]).to.deep.equal([null, 'true'])
    expect(second.headers.get('x-request-id')).not.to.equal(first.headers.get('x-request-id'))
    expect(await notes.count(`tenant_id = '${caller.tenantId}'`)).to.equal(1)
  })

  it('leaves one audit line, however often it is sent', async () => {
    const caller = notes.caller()
    for (let i = 0; i < 3; i += 1) await send(caller, 'k1')
    const rows = await notes.server.resources.db.readSystem({
      text: 'select 1 from audit_logs where tenant_id = $1',
      values: [caller.tenantId],
    })
    expect(rows).to.have.length(1)
  })

  it('is refused with another body, query or route under the same key where that could mislead', async () => {
    const caller = notes.caller()
    await send(caller, 'k1')
    const other = await send(caller, 'k1', { body: 'twice' })
    expect([other.status, other.body.code]).to.deep.equal([422, 'request.idempotency_mismatch'])
    const failure = await send(caller, 'k1', { how: 'fine' }, '/notes/v1/failures')
    expect([failure.status, replayed(failure)]).to.deep.equal([200, null])
  })

  it('has its effect once among a hundred at the same time; the others wait or get the first answer', async () => {
    const caller = notes.caller()
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(caller, 'race')))
    expect(await notes.count(`tenant_id = '${caller.tenantId}'`)).to.equal(1)
    const ids = new Set(answers.filter((res) => res.status === 201).map((res) => res.body.id))
    expect(ids.size).to.equal(1)
    for (const res of answers.filter((one) => one.status !== 201)) {
      expect([res.status, res.body.code, res.headers.get('retry-after')]).to.deep.equal([
        409,
        'request.idempotency_in_progress',
        '1',
      ])
    }
    expect(answers.filter((res) => res.status === 201 && replayed(res) === null)).to.have.length(1)
  })

  it('is told 409 while the first one runs', async () => {
    const caller = notes.caller()
    const slow = send(caller, 'slow', { how: 'slow', ms: 300 }, '/notes/v1/failures')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await send(caller, 'slow', { how: 'slow', ms: 300 }, '/notes/v1/failures')).status).to.equal(409)
    expect((await slow).status).to.equal(200)
    expect(replayed(await send(caller, 'slow', { how: 'slow', ms: 300 }, '/notes/v1/failures'))).to.equal(
      'true',
    )
  })

  it('is tried anew after a failure, because nothing of that was kept', async () => {
    const caller = notes.caller()
    for (const how of ['error', 'forbidden']) {
      const first = await send(caller, how, { how }, '/notes/v1/failures')
      const second = await send(caller, how, { how }, '/notes/v1/failures')
      expect(second.status).to.equal(first.status)
      expect(replayed(second)).to.equal(null)
    }
    expect(await notes.count(`tenant_id = '${caller.tenantId}'`)).to.equal(0)
  })

  it('is another request for another caller, also of the same tenant', async () => {
    const key = unique('key')
    const [ours, theirs] = [notes.caller(), notes.caller()]
    const colleague = notes.caller(ours.tenantId)
    const ids = new Set<string>()
    for (const caller of [ours, theirs, colleague]) ids.add((await send(caller, key)).body.id)
    expect(ids.size).to.equal(3)
  })

  it('keeps its answer across a restart, sealed', async () => {
    const caller = notes.caller()
    const first = await send(caller, 'kept', { body: 'canary-in-record' })
    const { twin, stop } = await startTwin(notes.server, {
      services: notes.server.resources.assembly.services,
      permissions: notes.server.resources.assembly.permissions,
    })
    const again = await caller
      .at(twin.url)
      .post(PATH, { body: 'canary-in-record' }, { headers: { 'idempotency-key': 'kept' } })
    await stop()
    expect(again.text).to.equal(first.text)
    expect(replayed(again)).to.equal('true')
    const rows = await notes.server.resources.db.readSystem<{ response: Buffer; hours: number }>({
      text: 'select response, extract(epoch from expires_at - created_at)::float / 3600 as hours from idempotency_records',
    })
    expect(rows.length).to.be.above(0)
    for (const row of rows) {
      expect(row.response.toString('latin1')).not.to.contain('canary')
      expect(row.hours).to.be.closeTo(24, 0.01)
    }
  })

  it('is a new one when the record has expired', async () => {
    const caller = notes.caller()
    const first = await send(caller, 'old')
    await notes.server.resources.db.readSystem({
      text: "update idempotency_records set expires_at = now() - interval '1 s'",
    })
    const second = await send(caller, 'old')
    expect(second.body.id).not.to.equal(first.body.id)
    expect(replayed(await send(caller, 'old'))).to.equal('true')
  })

  it('works on PATCH, and means nothing on DELETE', async () => {
    const caller = notes.caller()
    const { body } = await send(caller, 'made')
    const headers = { 'idempotency-key': 'patched' }
    for (const expected of [null, 'true']) {
      const res = await caller.patch(`${PATH}/${body.id}`, { body: 'changed' }, { headers })
      expect([res.body.version, replayed(res)]).to.deep.equal([2, expected])
    }
    expect((await caller.delete(`${PATH}/${body.id}`, { headers })).status).to.equal(204)
  })

  it('is refused when the key is too long or holds what no key holds', async () => {
    const caller = notes.caller()
    expect((await send(caller, 'x'.repeat(255))).status).to.equal(201)
    for (const key of ['x'.repeat(256), 'with space', 'ké']) {
      const res = await send(caller, key).catch(() => ({ status: 400 }))
      expect(res.status, key.slice(0, 10)).to.equal(400)
    }
  })
})
