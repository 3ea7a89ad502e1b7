import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { expectRejection } from '../../test/expect-rejection.js'
import { useRedis } from '../../test/redis.js'
import { Bus } from './bus.js'
import { redisAddress, untilReady } from './redis.js'

describe('a Redis address', () => {
  it('names host, port and database, a socket, or a server behind TLS', () => {
    expect(redisAddress('redis://cache.internal:6380/3')).to.deep.equal({
      host: 'cache.internal',
      port: 6380,
      db: 3,
    })
    expect(redisAddress('redis://[::1]')).to.deep.equal({ host: '::1', port: 6379, db: 0 })
    expect(redisAddress('rediss://cache')).to.deep.equal({ host: 'cache', port: 6379, db: 0, tls: {} })
    expect(redisAddress('unix:///run/redis.sock?db=2')).to.deep.equal({ path: '/run/redis.sock', db: 2 })
  })
})

describe('a Redis connection', () => {
  const redis = useRedis()

  it('refuses commands at once while the server is away, and comes back by itself', async function () {
    this.timeout(20_000)
    const own = await redis.startPrivate()
    const client = await own.connect()
    await client.set('kept', '1')
    await own.kill()
    const started = Date.now()
    await expectRejection(client.get('kept'), /./)
    expect(Date.now() - started).to.be.below(1_000)
    expect(await untilReady(client, 50)).to.equal(false)
    await own.restart()
    expect(await untilReady(client, 10_000)).to.equal(true)
    expect(await client.get('kept')).to.equal(null)
  })

  it('leaves no rejection to nobody when the server dies as listeners come back', async function () {
    this.timeout(30_000)
    const own = await redis.startPrivate()
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    try {
      const buses = await Promise.all(
        Array.from({ length: 8 }, async () => new Bus(await own.connect(), await own.connect())),
      )
      for (let round = 0; round < 12; round++) {
        for (const bus of buses) bus.publish('topic', 'message')
        await own.kill()
        await own.restart()
        // The moment differs from round to round: while they connect, greet, subscribe.
        await sleep(round * 5)
      }
      await sleep(300)
    } finally {
      process.off('unhandledRejection', note)
    }
    expect(unhandled).to.deep.equal([])
  })
})
