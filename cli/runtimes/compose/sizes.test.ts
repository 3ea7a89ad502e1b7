import { expect } from 'chai'
import fc from 'fast-check'
import { sizesFor } from './sizes.js'

describe('sizes of containers', () => {
  it('leave the host room, from the smallest to the largest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2_048, max: 1_000_000 }),
        fc.integer({ min: 100, max: 2_000 }),
        (memory, connections) => {
          const { server, worker, postgres, redis, objects, proxy, redisMax } = sizesFor(memory, connections)
          expect(server + worker + postgres + redis + objects + proxy).to.be.at.most(memory * 0.9)
          expect(redisMax).to.be.lessThan(redis)
        },
      ),
    )
  })

  it('give PostgreSQL settings that fit its container', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_024, max: 1_000_000 }),
        fc.integer({ min: 100, max: 2_000 }),
        (memory, connections) => {
          const { postgres, postgresSettings: settings } = sizesFor(memory, connections)
          const mb = (name: string) => Number(/^(\d+)MB$/.exec(settings[name] ?? '')?.[1])
          expect(mb('shared_buffers')).to.be.within(64, postgres / 2)
          expect(mb('effective_cache_size')).to.be.at.most(postgres)
          expect(mb('work_mem')).to.be.within(2, 64)
          expect(settings.max_connections).to.equal(String(connections))
        },
      ),
    )
  })
})
