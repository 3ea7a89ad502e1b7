import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type PrivateRedis, startPrivateRedis } from '../../cli/runtimes/embedded/private-stores.js'
import { kindOf, useJobs } from '../../test/jobs.js'
import type { TestServer } from '../../test/server.js'
import { until } from '../../test/until.js'

describe('the wire of jobs', () => {
  const settings: Record<string, string> = {}
  let dir: string
  let redis: PrivateRedis

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vetrai-wire-'))
    redis = await startPrivateRedis({ dir })
    settings.REDIS_URL = `redis://${redis.host}:${redis.port}/0`
    settings.REDIS_PASSWORD = redis.password
  })
  const task = kindOf('task')
  const test = useJobs([task], { settings })
  after(async () => {
    await redis.stop()
    await rm(dir, { recursive: true, force: true })
  })

  const restart = async () => {
    const { port, password } = redis
    redis = await startPrivateRedis({ dir, port, password })
  }
  const twin = (more: Record<string, string> = {}) => test.twin({ ...settings, ...more })
  const enqueue = async (server: TestServer, count = 1) => {
    const made = await test.in(test.tenant(), server).enqueueMany(
      task,
      Array.from({ length: count }, () => ({})),
    )
    return made.map(({ id }) => id)
  }
  /** Resolves once a job made in one server is run by the worker of another, which does not look for it. */
  const carries = (from: TestServer) =>
    until(async () => {
      const [id = ''] = await enqueue(from)
      for (let n = 0; n < 20; n++) {
        if ((await test.job(id)).status === 'succeeded') return true
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return false
    })

  it('tells the worker of another process of a job at once', async () => {
    test.worker({}, await twin())
    await carries(test.server)
  })

  it('loses no job when Redis is flushed again and again', async () => {
    test.worker({ lookMs: 200 }, await twin())
    const producer = await twin()
    for (let n = 0; n < 10; n++) {
      await enqueue(producer, 30)
      await test.server.resources.redis.flushall()
    }
    await test.idle()
    expect(await test.jobs({ kind: task.name })).to.have.length(300)
    await carries(producer)
  })

  it('is missed by nobody while Redis is away, and carries again when it is back and empty', async () => {
    test.foreseeTrouble()
    const [far, producer] = [await twin(), await twin()]
    test.worker({ lookMs: 100 }, far)
    const near = test.worker()
    await carries(producer)
    await redis.kill()
    // The worker of the same process is told without Redis, the other looks.
    for (const id of await enqueue(test.server, 5)) await test.becomes(id, 'succeeded')
    await near.close(1_000)
    for (const id of await enqueue(producer, 5)) await test.becomes(id, 'succeeded')
    await restart()
    test.worker({}, await twin())
    await carries(producer)
  })

  it('heals in workers that do not look', async () => {
    test.foreseeTrouble()
    const [far, producer] = [await twin(), await twin()]
    test.worker({}, far)
    await carries(producer)
    await redis.kill()
    await restart()
    await carries(producer)
  })

  it('may be away when a server starts, and when it stops', async () => {
    test.foreseeTrouble()
    await redis.kill()
    const late = await twin()
    test.worker({ lookMs: 100 }, late)
    for (const id of await enqueue(late, 5)) await test.becomes(id, 'succeeded')
    for (const id of await enqueue(test.server, 5)) await test.becomes(id, 'succeeded')
    await restart()
    const lazy = await twin()
    test.worker({}, lazy)
    await carries(late)
    await redis.kill()
    // Everything is closed here, as after each test: it ends.
    await test.reset()
    await restart()
  })
})
