import { expect } from 'chai'
import type { Answer } from '../../test/caller.js'
import { useNotes } from '../../test/notes-service.js'
import { BAD_CREDENTIALS, LIMIT_POLICIES } from './rate-limit.js'

const PROXY = { TRUST_PROXY: '127.0.0.1' }

describe('rate limits', () => {
  const notes = useNotes({ settings: { RATE_LIMIT_FACTOR: '1', ...PROXY } })
  const from = (address: string) => notes.anonymous.with({ 'x-forwarded-for': address })
  const times = <T>(count: number, work: () => Promise<T>) => Promise.all(Array.from({ length: count }, work))
  const { quota } = LIMIT_POLICIES.auth

  it('are told with every answer', async () => {
    const res = await notes.caller().get('/notes/v1/notes')
    expect(res.headers.get('ratelimit-policy')).to.equal('"read";q=1200;w=60')
    expect(res.headers.get('ratelimit')).to.match(/^"read";r=1199;t=(60|59)$/)
  })

  it('refuse beyond the quota with the time to wait, and name the policy', async () => {
    const caller = notes.caller().with({ 'x-forwarded-for': '198.51.100.1' })
    const answers = await times(quota + 5, () => caller.get('/notes/v1/me'))
    const refused = answers.filter((res) => res.status === 429)
    expect(refused).to.have.length(5)
    for (const res of refused) {
      expect(res.body).to.deep.include({ code: 'request.rate_limited', 'violated-policies': ['auth'] })
      expect(res.body.type).to.contain('quota-exceeded')
      expect(Number(res.headers.get('retry-after'))).to.be.within(1, LIMIT_POLICIES.auth.windowS)
      expect(res.headers.get('ratelimit')).to.match(/^"auth";r=0;/)
    }
  })

  it('count an IPv6 customer by the /64, however an address is written', async () => {
    const spellings = ['2001:db8:7::1', '2001:0db8:0007:0:0:0:0:2', '2001:DB8:7:0:ffff::3']
    const caller = notes.caller()
    const answers: Answer[] = []
    for (let i = 0; i < quota + 1; i += 1) {
      answers.push(await caller.with({ 'x-forwarded-for': spellings[i % 3] ?? '' }).get('/notes/v1/me'))
    }
    expect(answers.map((res) => res.status).filter((status) => status === 429)).to.have.length(1)
    expect((await caller.with({ 'x-forwarded-for': '2001:db8:7:1::1' }).get('/notes/v1/me')).status).to.equal(
      200,
    )
  })

  it('count callers apart, and addresses only where no caller is known', async () => {
    const [a, b] = [notes.caller(), notes.caller()]
    await times(3, () => a.get('/notes/v1/notes'))
    expect((await b.get('/notes/v1/notes')).headers.get('ratelimit')).to.contain('r=1199')
  })

  it('slow down guessing of credentials by address, without touching good ones', async () => {
    const guess = () => from('198.51.100.9').with({ authorization: 'Bearer test:bad' }).get('/notes/v1/notes')
    const statuses = (await times(BAD_CREDENTIALS.quota + 10, guess)).map((res) => res.status)
    expect(statuses.filter((status) => status === 429)).to.have.length(10)
    expect(
      (await notes.caller().with({ 'x-forwarded-for': '198.51.100.9' }).get('/notes/v1/notes')).status,
    ).to.equal(200)
  })
})

describe('the time limit of a request', () => {
  const notes = useNotes({ settings: { REQUEST_TIMEOUT_MS: '250' } })

  it('is answered when it ends, and what ran longer is taken back', async () => {
    const caller = notes.caller()
    const started = Date.now()
    const res = await caller.post('/notes/v1/failures', { how: 'slow', ms: 800 })
    expect([res.status, res.body.code]).to.deep.equal([504, 'request.timeout'])
    expect(Date.now() - started).to.be.below(700)
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect(await notes.count(`tenant_id = '${caller.tenantId}'`)).to.equal(0)
    expect((await caller.post('/notes/v1/failures', { how: 'fine' })).status).to.equal(200)
  })
})
