import { expect } from 'chai'
import { z } from 'zod'
import { useServer } from '../../test/server.js'
import { backgroundContext } from '../kernel/context.js'
import { defineJob } from '../kernel/define-job.js'
import { defineService } from '../kernel/define-service.js'

describe('jobs', () => {
  const seen: string[] = []
  const count = defineJob({
    name: 'test.count',
    payload: z.strictObject({ n: z.int() }),
    attempts: 3,
    timeoutMs: 1_000,
    safeToRepeat: 'a test',
    run: async (_ctx, { n }) => {
      seen.push(String(n))
    },
  })
  const server = useServer({
    services: [
      defineService({
        name: 'test',
        summary: 'Tests.',
        prefix: '/test',
        needs: [],
        routes: [],
        jobs: [count],
      }),
    ],
    permissions: {},
  })

  it('run once each, in the order they were enqueued', async () => {
    const ctx = backgroundContext(server.resources, 'test')
    await ctx.system('a test', async () => {
      for (let n = 0; n < 5; n++) await ctx.enqueue(count, { n })
    })
    await server.work()
    expect(seen).to.deep.equal(['0', '1', '2', '3', '4'])
  })
})
