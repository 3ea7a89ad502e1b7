import { expect } from 'chai'
import { masterKeyOf } from '../../../server/kernel/wrap-key.js'
import { expectRejection } from '../../../test/expect-rejection.js'
import { silentProgress as silent } from '../../base/progress.js'
import { Api } from '../../clients/api.js'
import { ApiStub } from '../../testing/api-stub.js'
import { masterKeyId } from './master-key.js'
import { encryption, jwt } from './server-keys.js'

const JOB = '01990f6e-5f0e-7000-8000-000000000001'
const AT = '2026-11-25T10:00:00.000Z'

describe('keys that the server rotates', () => {
  let stub: ApiStub
  let api: Api

  before(async () => {
    stub = await ApiStub.start()
    api = new Api({ url: stub.url, token: 'operator' })
    stub.on('POST /auth/v1/sealing-keys/rotate', { status: 202, body: { id: 4, job_id: JOB } })
    stub.on('POST /auth/v1/signing-keys/rotate', { body: { kid: 'k', active_from: AT } })
  })
  after(() => stub.stop())

  /** The states of the job, one for each time it is looked at; the last stays. */
  const jobIs = (...states: object[]) => {
    let looked = 0
    stub.on(`GET /workers/v1/jobs/${JOB}`, () => {
      const state = states[Math.min(looked, states.length - 1)]
      looked += 1
      return { body: { id: JOB, error: null, result: null, ...state } }
    })
  }

  it('says from when a new signing key signs, and revokes earlier ones only when they leaked', async () => {
    expect(await jwt.rotate(api, silent, false)).to.contain(AT)
    expect(await jwt.rotate(api, silent, true)).to.contain('signs now')
    const bodies = stub.seen.filter(({ path }) => path.includes('signing')).map(({ body }) => body)
    expect(bodies).to.deep.equal([{ revoke_previous: false }, { revoke_previous: true }])
  })

  it('waits until every value is sealed anew', async () => {
    jobIs(
      { status: 'scheduled' },
      { status: 'running' },
      { status: 'succeeded', result: { resealed: 7, unreadable: 0 } },
    )
    expect(await encryption.rotate(api, silent, false)).to.equal('key 4 seals; 7 values were sealed anew')
  })

  for (const [what, state] of [
    ['the job failed', { status: 'failed', error: 'the disk is full' }],
    ['a value is opened by no key', { status: 'succeeded', result: { resealed: 7, unreadable: 2 } }],
  ] as const) {
    it(`fails where ${what}, and says that nothing is lost`, async () => {
      jobIs(state)
      const error = await expectRejection(encryption.rotate(api, silent, false), /not every stored value/)
      expect(error).to.include({ code: 'resealing_failed' })
      expect(error).to.have.property('next').that.contains('nothing is lost')
    })
  }

  it('calls a master key what the server calls it', () => {
    for (const key of ['ab'.repeat(32), '0123456789abcdef'.repeat(4)])
      expect(masterKeyId(key)).to.equal(masterKeyOf(key).id)
  })
})
