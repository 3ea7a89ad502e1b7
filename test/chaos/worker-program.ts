import { readSettings } from '../../server/config/config.js'
import { settings } from '../../server/config/settings.js'
import { Worker } from '../../server/jobs/worker.js'
import { Lifecycle } from '../../server/kernel/lifecycle.js'
import { openResources } from '../../server/resources.js'
import { chaosService, LEASE_MS } from './kinds.js'

/** A worker as a process of its own, for tests that kill it. Says `ready`; ends when its standard input does. */
const life = new Lifecycle({ graceMs: 20_000 })
const resources = await openResources(readSettings(settings, process.env), life, {
  services: [chaosService],
  permissions: {},
})
const worker = new Worker(resources, { concurrency: 10, leaseMs: LEASE_MS, lookMs: 300 })
await life.open(
  'worker',
  () => worker.start(),
  () => worker.close(500),
)
life.closeOn(['SIGTERM'], (code) => process.exit(code))
// It must not outlive the test, however that ends.
process.stdin.on('end', () => process.exit(1)).resume()
process.stdout.write('ready\n')
