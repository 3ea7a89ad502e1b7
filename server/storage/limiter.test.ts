import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { unique } from '../../test/build.js'
import { useRedis } from '../../test/redis.js'
import { type Limit, Limiter } from './limiter.js'

describe('the limiter', () => {
  const redis = useRedis()

  function limit(more: Partial<Limit> = {}): Limit {
    return { policy: 'calls', subject: unique('somebody'), quota: 50, windowS: 60, ...more }
  }

  it('grants exactly the quota to two hundred callers at once through two processes', async () => {
    const processes = [new Limiter(redis.open()), new Limiter(redis.open())]
    await redis.ready()
    const one = limit()
    const states = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => (await processes[i % 2]?.take([one]))?.[0]),
    )
    expect(states.filter((state) => state?.allowed)).to.have.length(50)
    const left = states.filter((state) => state?.allowed).map((state) => state?.remaining)
    expect(left.sort((a, b) => Number(b) - Number(a))).to.deep.equal(
      Array.from({ length: 50 }, (_, i) => 49 - i),
    )
  })

  it('takes from all given limits or from none', async () => {
    const limiter = new Limiter(redis.client)
    const wide = limit({ policy: 'wide', quota: 100 })
    const tight = limit({ policy: 'tight', quota: 2 })
    for (const expected of [true, true, false, false]) {
      const states = await limiter.take([wide, tight])
      expect(states.every((state) => state.allowed)).to.equal(expected)
    }
    const [state] = await limiter.take([{ ...wide, cost: 0 }])
    expect(state).to.include({ allowed: true, remaining: 98 })
  })

  it('takes costs above one, and refuses what is left of a quota too small without taking it', async () => {
    const limiter = new Limiter(redis.client)
    const one = limit({ quota: 10, cost: 4 })
    expect((await limiter.take([one]))[0]).to.include({ allowed: true, remaining: 6 })
    expect((await limiter.take([one]))[0]).to.include({ allowed: true, remaining: 2 })
    expect((await limiter.take([one]))[0]).to.include({ allowed: false, remaining: 2 })
    expect((await limiter.take([{ ...one, cost: 2 }]))[0]).to.include({ allowed: true, remaining: 0 })
  })

  it('opens a new window when the old one ends, and says when that is', async () => {
    const limiter = new Limiter(redis.client)
    const one = limit({ quota: 1, windowS: 1 })
    expect((await limiter.take([one]))[0]).to.include({ allowed: true, resetS: 1 })
    expect((await limiter.take([one]))[0]).to.include({ allowed: false, resetS: 1 })
    await sleep(1_050)
    expect((await limiter.take([one]))[0]).to.include({ allowed: true })
  })

  it('answers nothing for no limits', async () => {
    expect(await new Limiter(redis.client).take([])).to.deep.equal([])
  })

  it('stays quick under a flood of strangers while Redis is away', async () => {
    const limiter = new Limiter(redis.closed())
    const started = Date.now()
    for (let i = 0; i < 70_000; i += 1)
      await limiter.take([{ policy: 'calls', subject: `ip:${i}`, quota: 10, windowS: 60 }])
    expect(Date.now() - started).to.be.below(3_000)
    const [state] = await limiter.take([{ policy: 'calls', subject: 'ip:69999', quota: 10, windowS: 60 }])
    expect(state?.remaining).to.equal(3)
  })

  it('grants at most half by itself while Redis is away, says so, and counts exactly again when it is back', async function () {
    this.timeout(20_000)
    const own = await redis.startPrivate()
    let fallbacks = 0
    const limiter = new Limiter(await own.connect(), () => {
      fallbacks += 1
    })
    const one = limit({ quota: 20 })
    expect((await limiter.take([one]))[0]).to.include({ allowed: true, remaining: 19 })
    expect(fallbacks).to.equal(0)

    await own.kill()
    const alone = await Promise.all(Array.from({ length: 40 }, async () => (await limiter.take([one]))[0]))
    expect(alone.filter((state) => state?.allowed)).to.have.length(10)
    expect(fallbacks).to.equal(40)
    const both = await limiter.take([limit({ quota: 100 }), one])
    expect(both.map((state) => state.allowed)).to.deep.equal([true, false])

    await own.restart()
    const started = Date.now()
    const fresh = limit({ quota: 20 })
    let state = (await limiter.take([fresh]))[0]
    while (state && state.remaining < 15 && Date.now() - started < 10_000) {
      await sleep(50)
      state = (await limiter.take([fresh]))[0]
    }
    expect(state).to.include({ allowed: true })
    expect(state?.remaining).to.be.above(10)
  })
})
