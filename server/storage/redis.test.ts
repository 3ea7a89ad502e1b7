import { type AddressInfo, connect, createServer } from 'node:net'
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

  it('leaves no rejection to nobody when the connection is cut as a listener subscribes again', async function () {
    this.timeout(20_000)
    const { host, port, password } = (await redis.startPrivate()).address
    let subscriptions = 0
    // Lets everything pass but the second subscription, at which it cuts the line.
    const cutter = createServer((near) => {
      const far = connect(port, host)
      for (const socket of [near, far]) socket.on('error', () => undefined)
      near.on('data', (data) => {
        if (/subscribe/i.test(data.toString()) && ++subscriptions === 2) far.destroy()
      })
      near.pipe(far).pipe(near)
      far.once('close', () => near.destroy())
    })
    await new Promise<void>((listening) => cutter.listen(0, '127.0.0.1', listening))
    const url = `redis://127.0.0.1:${(cutter.address() as AddressInfo).port}/0`
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    try {
      const subscriber = redis.open({ url, password })
      const bus = new Bus(redis.client, subscriber)
      const connected = new Promise<void>((resolve) => bus.onConnected(resolve))
      await connected
      const again = new Promise<void>((resolve) => bus.onConnected(resolve))
      subscriber.stream.destroy()
      await again
      expect(subscriptions, 'subscriptions, one of them cut off').to.be.at.least(3)
      await sleep(50)
    } finally {
      process.off('unhandledRejection', note)
      cutter.close()
    }
    expect(unhandled).to.deep.equal([])
  })
})
