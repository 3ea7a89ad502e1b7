import { readSettings } from '../../server/config/config.js'
import { settings } from '../../server/config/settings.js'
import { Worker } from '../../server/jobs/worker.js'
import { backgroundContext } from '../../server/kernel/context.js'
import { Lifecycle } from '../../server/kernel/lifecycle.js'
import { openResources } from '../../server/resources.js'
import { noopService } from './noop-service.js'

/**
 * Enqueues `COUNT` jobs that do nothing, 1,000 at a time, then runs them; prints both times in milliseconds, the
 * second until all are settled.
 */
const count = Number(process.env.COUNT)
const concurrency = Number(process.env.CONCURRENCY)

let begun = 0
const { noop, service } = noopService(() => {
  begun += 1
})
const life = new Lifecycle({ graceMs: 5_000 })
const resources = await openResources(readSettings(settings, process.env), life, {
  services: [service],
  permissions: {},
})
const ctx = backgroundContext(resources, 'bench')
const enqueueStart = performance.now()
for (let at = 0; at < count; at += 1_000) {
  const payloads = Array.from({ length: 1_000 }, (_, n) => ({ n: at + n }))
  await ctx.system('a benchmark', () => ctx.enqueueMany(noop, payloads))
}
const enqueueMs = performance.now() - enqueueStart

const startedAt = performance.now()
const worker = new Worker(resources, { concurrency, leaseMs: 30_000, lookMs: 5_000 })
worker.start()
while (begun < count) await new Promise((resolve) => setTimeout(resolve, 2))
await worker.close(5_000)
process.stdout.write(`${JSON.stringify({ enqueueMs, ms: performance.now() - startedAt })}\n`)
await life.close()
process.exit(0)
