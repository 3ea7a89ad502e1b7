import { expect } from 'chai'
import { CliError } from '../deployment/errors.js'
import { ApiStub } from '../testing/api-stub.js'
import { Api } from './api.js'
import { ApiError } from './api-error.js'

describe('the REST client', () => {
  let stub: ApiStub
  let api: Api

  before(async () => {
    stub = await ApiStub.start()
    api = new Api({ url: stub.url, token: 'vtr_at_test', timeoutMs: 500 })
  })
  beforeEach(() => stub.reset())
  after(() => stub.stop())

  it('authenticates every call and names the tenant only when told to', async () => {
    stub.on('GET /x', { body: {} })
    await api.get('/x')
    await api.inTenant('acme').get('/x', { limit: 5, cursor: undefined })
    const [plain, inTenant] = stub.seen
    expect(plain?.headers.authorization).to.equal('Bearer vtr_at_test')
    expect(plain?.headers).not.to.have.property('x-tenant')
    expect(inTenant?.headers['x-tenant']).to.equal('acme')
    expect(inTenant?.query).to.deep.equal({ limit: '5' })
  })

  it('repeats a POST once with the same Idempotency-Key when the connection breaks', async () => {
    let calls = 0
    stub.on('POST /x', () => {
      calls += 1
      return calls === 1 ? 'reset' : { status: 201, body: { id: '1' } }
    })
    expect(await api.post('/x', { a: 1 })).to.deep.equal({ id: '1' })
    const keys = stub.seen.map(({ headers }) => headers['idempotency-key'])
    expect(keys).to.have.length(2)
    expect(keys[0]).to.be.a('string').and.equal(keys[1])
  })

  it('gives two calls two Idempotency-Keys', async () => {
    stub.on('POST /x', { body: {} })
    await api.post('/x')
    await api.post('/x')
    expect(stub.seen[0]?.headers['idempotency-key']).not.to.equal(stub.seen[1]?.headers['idempotency-key'])
  })

  it('gives up after one repetition, with exit code 3', async () => {
    stub.on('GET /x', 'reset')
    const error = await failure(api.get('/x'))
    expect(error.code).to.equal('unreachable')
    expect(error.exitCode).to.equal(3)
    expect(stub.seen).to.have.length(2)
  })

  it('keeps the words, code, next step and request id of the server', async () => {
    const problem = {
      title: 'Conflict',
      status: 409,
      detail: 'This slug is taken.',
      code: 'tenancy.slug_taken',
      next: 'Choose another slug.',
      request_id: 'r-7',
    }
    stub.on('POST /x', { status: 409, body: problem })
    const error = await failure(api.post('/x'))
    expect(error).to.be.instanceOf(ApiError)
    expect(error).to.include({
      message: 'This slug is taken.',
      code: 'tenancy.slug_taken',
      next: 'Choose another slug.',
      requestId: 'r-7',
      exitCode: 1,
    })
  })

  it('names every field that a validation refused', async () => {
    const errors = [
      { pointer: '/slug', code: 'too_small', message: 'must have 2 characters' },
      { pointer: '/name', code: 'invalid', message: 'must be text' },
    ]
    stub.on('POST /x', {
      status: 422,
      body: { detail: 'The body is not valid.', code: 'http.validation', errors },
    })
    const error = await failure(api.post('/x'))
    expect(error.message.split('\n')).to.deep.equal([
      'The body is not valid.',
      'slug: must have 2 characters',
      'name: must be text',
    ])
  })

  for (const [status, exitCode] of [
    [401, 4],
    [403, 4],
    [404, 1],
    [429, 1],
    [500, 1],
    [503, 3],
  ]) {
    it(`answers ${status} with exit code ${exitCode}, also when the body is not a problem`, async () => {
      stub.on('GET /x', { status: status ?? 0, body: 'plain' })
      const error = await failure(api.get('/x'))
      expect(error.exitCode).to.equal(exitCode)
      expect(error.next).not.to.equal('')
    })
  }

  it('follows no redirect, so the token goes to no other place', async () => {
    stub.on('GET /x', { status: 302, headers: { location: `${stub.url}/stolen` } })
    await failure(api.get('/x'))
    expect(stub.seen.map(({ path }) => path)).not.to.include('/stolen')
  })
})

async function failure(work: Promise<unknown>): Promise<CliError & { requestId?: string }> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CliError) return error
  throw new Error(`expected a CliError, got ${String(error)}`)
}
