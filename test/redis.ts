import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PrivateRedis, startPrivateRedis } from '../cli/runtimes/embedded/private-stores.js'
import { openRedis, type RedisClient, untilReady } from '../server/storage/redis.js'
import { redisUrl, stores } from './stores.js'

/** Redis for the tests of a file: connections to the shared one, and servers of their own to kill. */
export class TestRedis {
  client!: RedisClient
  #address!: { url: string; password: string }
  readonly #clients: RedisClient[] = []
  readonly #stops: (() => Promise<unknown>)[] = []

  async start(): Promise<void> {
    const shared = await stores()
    this.#address = { url: redisUrl(shared, 15), password: shared.redis.password }
    this.client = this.open()
    await this.ready()
  }

  /** A further connection, as another process would hold it. */
  open(address = this.#address): RedisClient {
    const client = openRedis({ ...address, name: 'vetrai-test' })
    this.#clients.push(client)
    return client
  }

  /** A connection that never gets to a server. */
  closed(): RedisClient {
    const client = this.open({ url: 'redis://127.0.0.1:1/0', password: '' })
    client.disconnect()
    return client
  }

  /** Resolves when all connections made so far can be used. */
  async ready(): Promise<void> {
    const open = this.#clients.filter((client) => client.status !== 'end')
    await Promise.all(open.map((client) => untilReady(client, 5_000)))
  }

  /** A server of this test's own that may be killed and started again at the same address. */
  async startPrivate() {
    const dir = await mkdtemp(join(tmpdir(), 'vetrai-redis-'))
    this.#stops.push(() => rm(dir, { recursive: true, force: true }))
    let server: PrivateRedis = await startPrivateRedis({ dir })
    const { host, port, password } = server
    this.#stops.push(() => server.stop())
    return {
      address: { host, port, password },
      connect: async () => {
        const client = this.open({ url: `redis://${host}:${port}/0`, password })
        await untilReady(client, 5_000)
        return client
      },
      kill: () => server.kill(),
      restart: async () => {
        server = await startPrivateRedis({ dir, port, password })
      },
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.disconnect()
    for (const stop of this.#stops.reverse()) await stop()
  }
}

/** Redis for the tests of the enclosing `describe`. */
export function useRedis(): TestRedis {
  const redis = new TestRedis()
  before(async function () {
    this.timeout(60_000)
    await redis.start()
  })
  after(() => redis.close())
  return redis
}
