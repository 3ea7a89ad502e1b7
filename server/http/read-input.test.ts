import { expect } from 'chai'
import { useNotes } from '../../test/notes-service.js'
import { rawRequest } from '../../test/raw-request.js'
import { PROBLEM_LIMIT } from '../kernel/input-problems.js'
import { BODY_LIMIT, DEPTH_LIMIT } from './read-input.js'

const ECHO = '/notes/v1/echo'

describe('reading input', () => {
  const notes = useNotes()
  const echo = (body: unknown, headers: Record<string, string> = {}) =>
    notes.anonymous.post(ECHO, body, { headers })

  it('names every value it refuses by an RFC 6901 pointer, all at once', async () => {
    const res = await notes.anonymous.post(`${ECHO}?x=1`, { text: 7, 'a/b~c': true, meta: [] })
    expect(res.status).to.equal(422)
    expect(res.body.code).to.equal('request.invalid')
    expect(res.body.errors.map((one: { pointer: string }) => one.pointer)).to.have.members([
      '/query/x',
      '/text',
      '/a~1b~0c',
      '/meta',
    ])
  })

  it('refuses parameters on a route that takes none', async () => {
    const res = await notes.caller().get('/notes/v1/me?admin=true')
    expect(res.status).to.equal(422)
    expect(res.body.errors).to.deep.equal([
      { pointer: '/query/admin', code: 'unknown', message: 'is not a known parameter' },
    ])
  })

  it('refuses a parameter that is repeated where one is wanted', async () => {
    const res = await notes.anonymous.post(`${ECHO}?q=1&q=2`, {})
    expect(res.status).to.equal(422)
    expect(res.body.errors[0].pointer).to.equal('/query/q')
  })

  it(`lists at most ${PROBLEM_LIMIT} problems, however many values are wrong`, async () => {
    const names = Array.from({ length: 50_000 }, (_, i) => [`n${i}`, 1])
    const many = [Object.fromEntries(names), { list: names }]
    for (const body of many) {
      const res = await echo(body)
      expect([res.status, res.body.code]).to.deep.equal([422, 'request.invalid'])
      expect(res.body.errors).to.have.length(PROBLEM_LIMIT)
    }
  })

  it('reads a form of one name repeated as often as it fits in the time any form takes', async function () {
    this.timeout(10_000)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const res = await notes.anonymous.post('/notes/v1/token', 'a&'.repeat(BODY_LIMIT / 2), { headers })
    expect(res.body.error).to.equal('invalid_request')
  })

  it(`takes ${DEPTH_LIMIT} levels and refuses one more`, async () => {
    const nested = (levels: number) => `${'{"meta":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
    expect((await echo(nested(DEPTH_LIMIT))).status).to.equal(200)
    const res = await echo(nested(DEPTH_LIMIT + 1))
    expect([res.status, res.body.code]).to.deep.equal([400, 'request.malformed'])
    expect((await echo(`${'['.repeat(200_000)}`)).status).to.equal(400)
    expect((await echo(`{"meta":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`)).status).to.equal(400)
  })

  it('takes a body of exactly the limit and refuses one byte more, announced or in chunks', async () => {
    const sized = (bytes: number) => `{"text":"${'x'.repeat(bytes - 11)}"}`
    expect((await echo(sized(BODY_LIMIT))).status).to.equal(200)
    const announced = await echo(sized(BODY_LIMIT + 1))
    expect([announced.status, announced.body.code]).to.deep.equal([413, 'request.too_large'])
    const body = sized(BODY_LIMIT + 1)
    const chunked = await rawRequest(
      notes.url,
      `POST ${ECHO} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    )
    expect(chunked).to.match(/^HTTP\/1\.1 413 /)
  })

  it('refuses bytes that are not UTF-8', async () => {
    const head = `POST ${ECHO} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n`
    const bytes = Buffer.concat([Buffer.from(`${head}{"text":"`), Buffer.from([0xff]), Buffer.from('"}')])
    const answer = await rawRequest(notes.url, bytes)
    expect(answer)
      .to.match(/^HTTP\/1\.1 400 /)
      .and.contain('not valid UTF-8')
  })

  it('refuses what is not JSON, and JSON under another content type', async () => {
    expect((await echo('{"text":')).body.code).to.equal('request.malformed')
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      'multipart/form-data',
    ]) {
      const res = await echo('{}', { 'content-type': type })
      expect([res.status, res.body.code], type).to.deep.equal([415, 'request.unsupported_media_type'])
    }
    expect((await echo('{}', { 'content-type': 'Application/JSON; charset=utf-8' })).status).to.equal(200)
  })

  it('refuses an empty body where one is needed', async () => {
    for (const body of [undefined, '']) {
      const res = await notes.anonymous.post(ECHO, body, { headers: { 'content-type': 'application/json' } })
      expect(res.status).to.equal(422)
    }
  })

  it('gives names of JavaScript’s own objects no power', async () => {
    const sent =
      '{"meta":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"a":1}}'
    const res = await echo(sent)
    expect(res.status).to.be.oneOf([200, 422])
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined)
    expect((await echo('{"__proto__":{"text":"x"}}')).status).to.equal(422)
    for (const query of ['__proto__=1', 'constructor=1', 'toString=1', 'hasOwnProperty=1']) {
      expect((await notes.anonymous.post(`${ECHO}?${query}`, {})).status, query).to.equal(422)
    }
  })

  it('refuses text that no database can store, before it gets there', async () => {
    for (const body of ['{"body":"a\\u0000b"}', '{"body":"\\ud800"}']) {
      expect((await notes.caller().post('/notes/v1/notes', body)).status, body).to.equal(422)
    }
    expect((await echo('{"meta":{"a":["\\u0000"]}}')).status).to.equal(422)
    expect((await echo('{"meta":{"\\u0000":1}}')).status).to.equal(422)
    expect((await echo('{"meta":{"a":"\\udfff"}}')).status).to.equal(422)
  })

  it('reads forms where a route takes them, and answers errors as OAuth does', async () => {
    expect((await notes.anonymous.form('/notes/v1/token', { token: 'abc' })).body).to.deep.equal({
      token: 'abc',
    })
    const res = await notes.anonymous.form('/notes/v1/token', { token: 'a' })
    expect([res.status, res.body.error]).to.deep.equal([400, 'invalid_request'])
    expect((await notes.anonymous.post('/notes/v1/token', { token: 'abc' })).status).to.equal(415)
  })

  it('reads an id in any case as one, and refuses what is no id', async () => {
    const caller = notes.caller()
    const { body } = await caller.post('/notes/v1/notes', { body: 'hello' })
    expect((await caller.get(`/notes/v1/notes/${body.id.toUpperCase()}`)).body.id).to.equal(body.id)
    // No text of ours holds a null character, so such an address names nothing.
    expect((await caller.get('/notes/v1/notes/%00')).status).to.equal(404)
    expect((await caller.get('/notes/v1/notes/%zz')).status).to.equal(404)
    expect((await caller.get(`/notes/v1/notes/${body.id}%2f..`)).status).to.equal(422)
  })

  it('answers a request that breaks off with nothing, and goes on', async () => {
    const head = `POST ${ECHO} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text`
    await rawRequest(notes.url, head, 50)
    expect((await echo({ text: 'still here' })).body.text).to.equal('still here')
  })
})
