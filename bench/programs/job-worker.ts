import { readSettings } from '../../server/config/config.js'
import { settings } from '../../server/config/settings.js'
import { Worker } from '../../server/jobs/worker.js'
import { Lifecycle } from '../../server/kernel/lifecycle.js'
import { openResources } from '../../server/resources.js'
import { noopService } from './noop-service.js'

/** Runs `COUNT` no-op jobs that wait already and prints how long that took, in milliseconds, until all are settled. */
const count = Number(process.env.COUNT)
const concurrency = Number(process.env.CONCURRENCY)

let begun = 0
const { service } = noopService(() => {
  begun += 1
})
const life = new Lifecycle({ graceMs: 5_000 })
const resources = await openResources(readSettings(settings, process.env), life, {
  services: [service],
  permissions: {},
})
const worker = new Worker(resources, { concurrency, leaseMs: 30_000, lookMs: 5_000 })
const startedAt = performance.now()
worker.start()
while (begun < count) await new Promise((resolve) => setTimeout(resolve, 2))
await worker.close(5_000)
const ms = performance.now() - startedAt
process.stdout.write(`${JSON.stringify({ ms })}\n`)
await life.close()
process.exit(0)
