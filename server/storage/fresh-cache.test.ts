import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { unique } from '../../test/build.js'
import { expectRejection } from '../../test/expect-rejection.js'
import { useRedis } from '../../test/redis.js'
import { Bus } from './bus.js'
import { FRESH_MS, FreshCache } from './fresh-cache.js'

describe('the bus', () => {
  const redis = useRedis()

  it('tells every process, this one at once, until it stops listening', async () => {
    const [here, there] = [await openBus(), await openBus()]
    const topic = unique('topic')
    const heard: string[] = []
    const stop = here.subscribe(topic, (message) => heard.push(`here ${message}`))
    there.subscribe(topic, (message) => heard.push(`there ${message}`))
    here.publish(topic, 'two\nlines')
    expect(heard).to.deep.equal(['here two\nlines'])
    await until(() => heard.includes('there two\nlines'))
    stop()
    heard.length = 0
    there.publish(topic, 'again')
    await sleep(50)
    expect(new Set(heard)).to.deep.equal(new Set(['there again']))
  })

  it('tells this process even without Redis', async () => {
    const own = await redis.startPrivate()
    const bus = new Bus(await own.connect(), await own.connect())
    await own.kill()
    const heard: string[] = []
    bus.subscribe('topic', (message) => heard.push(message))
    bus.publish('topic', 'alone')
    expect(heard).to.deep.equal(['alone'])
    await bus.close()
  })

  it('hears again after Redis was restarted', async function () {
    this.timeout(20_000)
    const own = await redis.startPrivate()
    const [here, there] = [
      new Bus(await own.connect(), await own.connect()),
      new Bus(await own.connect(), await own.connect()),
    ]
    await own.kill()
    await own.restart()
    const heard: string[] = []
    there.subscribe('topic', (message) => heard.push(message))
    await until(() => {
      here.publish('topic', 'back')
      return heard.includes('back')
    }, 10_000)
    await Promise.all([here.close(), there.close()])
  })

  it('keeps telling others when one listener throws, and reports it', async () => {
    const errors: unknown[] = []
    const bus = new Bus(redis.client, redis.open(), (error) => errors.push(error))
    const heard: string[] = []
    bus.subscribe('topic', () => {
      throw new Error('deaf')
    })
    bus.subscribe('topic', (message) => heard.push(message))
    bus.tellHere('topic', 'hello')
    expect(heard).to.deep.equal(['hello'])
    expect(errors.map(String)).to.deep.equal(['Error: deaf'])
    await bus.close()
  })

  async function openBus(): Promise<Bus> {
    const subscriber = redis.open()
    const bus = new Bus(redis.client, subscriber)
    await redis.ready()
    await until(async () => Number((await redis.client.pubsub('NUMSUB', 'vetrai:bus'))[1]) > 0)
    await sleep(20)
    return bus
  }
})

describe('a fresh cache', () => {
  const redis = useRedis()

  it('loads a key once for all who ask at the same time, and remembers it', async () => {
    const cache = new FreshCache<string>({ name: 'people' })
    let loads = 0
    const load = async () => {
      loads += 1
      await sleep(5)
      return 'ada'
    }
    expect(await Promise.all(Array.from({ length: 50 }, () => cache.get('1', load)))).to.deep.equal(
      new Array(50).fill('ada'),
    )
    expect(await cache.get('1', load)).to.equal('ada')
    expect(loads).to.equal(1)
    expect(cache.peek('1')).to.equal('ada')
  })

  it('remembers that something does not exist, and knows it from not knowing', async () => {
    const cache = new FreshCache<string>({ name: 'people' })
    expect(cache.peek('1')).to.equal(undefined)
    expect(await cache.get('1', async () => null)).to.equal(null)
    expect(cache.peek('1')).to.equal(null)
  })

  it('uses nothing older than its bound, counted from when it was asked, without any bus', async () => {
    let now = 1_000
    const cache = new FreshCache<number>({ name: 'people', freshMs: 60, now: () => now })
    const load = async () => {
      now += 40
      return 1
    }
    await cache.get('1', load)
    now = 1_060
    expect(cache.peek('1')).to.equal(1)
    now = 1_061
    expect(cache.peek('1')).to.equal(undefined)
    expect(FRESH_MS).to.be.below(1_000)
  })

  it('does not remember a load that failed', async () => {
    const cache = new FreshCache<string>({ name: 'people' })
    await expectRejection(
      cache.get('1', () => Promise.reject(new Error('away'))),
      /away/,
    )
    expect(await cache.get('1', async () => 'ada')).to.equal('ada')
  })

  it('does not keep a load that a drop has overtaken', async () => {
    const cache = new FreshCache<string>({ name: 'people' })
    let answer: (value: string) => void = () => undefined
    const overtaken = cache.get('1', () => new Promise<string>((resolve) => (answer = resolve)))
    cache.drop('1')
    const fresh = cache.get('1', async () => 'new')
    answer('old')
    expect(await overtaken).to.equal('old')
    expect(await fresh).to.equal('new')
    expect(cache.peek('1')).to.equal('new')
  })

  it('drops a key, or all, in every process at once', async () => {
    const name = unique('cache')
    const caches = await Promise.all(
      [0, 1].map(async () => {
        const bus = new Bus(redis.client, redis.open())
        await redis.ready()
        return new FreshCache<string>({ name, bus, freshMs: 60_000 })
      }),
    )
    await sleep(20)
    const [here, there] = caches
    for (const cache of caches) for (const key of ['1', '2', '3']) await cache.get(key, async () => key)
    here?.drop('1')
    expect(here?.peek('1')).to.equal(undefined)
    await until(() => there?.peek('1') === undefined)
    expect(there?.peek('2')).to.equal('2')
    there?.drop('*')
    await until(() => here?.peek('2') === undefined && here?.peek('3') === undefined)
    for (const cache of caches) cache.close()
  })

  it('never holds more than its bound, and forgets the oldest first', async () => {
    const cache = new FreshCache<number>({ name: 'people', maxEntries: 100, freshMs: 60_000 })
    for (let i = 0; i < 100; i += 1) await cache.get(String(i), async () => i)
    cache.drop('0')
    await cache.get('0', async () => 0)
    for (let i = 100; i < 250; i += 1) {
      await cache.get(String(i), async () => i)
      const held = Array.from({ length: 250 }, (_, key) => cache.peek(String(key))).filter(
        (value) => value !== undefined,
      )
      expect(held.length).to.be.at.most(100)
    }
    expect(cache.peek('1')).to.equal(undefined)
    expect(cache.peek('249')).to.equal(249)
  })
})

async function until(check: () => boolean | Promise<boolean>, ms = 2_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await check())) {
    if (Date.now() > end) throw new Error('it did not happen in time')
    await sleep(5)
  }
}
