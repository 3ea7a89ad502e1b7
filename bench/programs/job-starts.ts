import { once } from 'node:events'
import { readSettings } from '../../server/config/config.js'
import { settings } from '../../server/config/settings.js'
import { Worker } from '../../server/jobs/worker.js'
import { Lifecycle } from '../../server/kernel/lifecycle.js'
import { openResources } from '../../server/resources.js'
import { noopService } from './noop-service.js'

/** Runs jobs as they come and tells its parent by IPC when each began, in milliseconds since 1970. */
const { service } = noopService((n) => {
  process.send?.({ n, at: performance.timeOrigin + performance.now() })
})
const life = new Lifecycle({ graceMs: 5_000 })
const resources = await openResources(readSettings(settings, process.env), life, {
  services: [service],
  permissions: {},
})
const worker = new Worker(resources, { concurrency: 10, leaseMs: 30_000, lookMs: 5_000 })
worker.start()
process.send?.({ ready: true })
await once(process, 'disconnect')
await worker.close(1_000)
await life.close()
process.exit(0)
