import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildApp } from './app.js'
import { type Config, ConfigError, readSettings } from './config/config.js'
import { settings } from './config/settings.js'
import { closeServer } from './http/close-server.js'
import { Scheduler } from './jobs/scheduler.js'
import { Worker } from './jobs/worker.js'
import { AssemblyError } from './kernel/assemble.js'
import { Lifecycle } from './kernel/lifecycle.js'
import { openResources } from './resources.js'
import { WrongMasterSecret } from './storage/installation-keys/open-root.js'
import { OutboxDispatcher } from './storage/outbox.js'
import { VERSION } from './version.js'

/** Opens resources, listens, and closes all in reverse order on SIGTERM: requests first, then what they use. */
async function main(): Promise<void> {
  const config = readSettings(settings, process.env)
  const life = new Lifecycle({
    graceMs: config.SHUTDOWN_GRACE_MS,
    onError: (name, error) => process.stderr.write(`closing ${name} failed: ${String(error)}\n`),
  })
  const resources = await openResources(config, life)
  const { log } = resources
  resources.metrics.collectProcess()
  const outbox = new OutboxDispatcher(resources)
  await life.open(
    'outbox',
    () => outbox.start(),
    () => outbox.close(),
  )
  if (hasRole(config, 'worker')) {
    const worker = new Worker(resources, {
      concurrency: config.WORKER_CONCURRENCY,
      leaseMs: config.JOBS_LEASE_MS,
      lookMs: config.JOBS_LOOK_MS,
    })
    await life.open(
      'worker',
      () => worker.start(),
      () => worker.close(config.SHUTDOWN_GRACE_MS * 0.7),
    )
  }
  if (hasRole(config, 'scheduler')) {
    const scheduler = new Scheduler(resources)
    await life.open(
      'scheduler',
      () => scheduler.start(),
      () => scheduler.close(),
    )
  }
  const app = buildApp(resources, { api: hasRole(config, 'api') })
  const server = createServer(
    { keepAliveTimeout: 65_000, requestTimeout: 30_000, headersTimeout: 15_000, maxHeaderSize: 16_384 },
    app.listener,
  )
  await life.open(
    'http',
    () =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(config.VETRAI_PORT, config.VETRAI_HOST, resolve)
      }),
    () => {
      app.drain()
      return closeServer(server, config.SHUTDOWN_IDLE_MS)
    },
  )
  life.closeOn(['SIGTERM', 'SIGINT'], (code) => {
    log.flush()
    process.exit(code)
  })
  const { address, port } = server.address() as AddressInfo
  log.info(
    { version: VERSION, address, port, services: resources.assembly.services.map((s) => s.name) },
    'listening',
  )
}

/** Whether this process has a role; one that names none has all. */
function hasRole({ VETRAI_ROLES: roles }: Config, role: 'api' | 'worker' | 'scheduler'): boolean {
  return roles.length === 0 || roles.includes(role)
}

main().catch((error: unknown) => {
  const known =
    error instanceof ConfigError || error instanceof AssemblyError || error instanceof WrongMasterSecret
  const words = known
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error)
  process.stderr.write(`vetrai server cannot start: ${words}\n`)
  process.exit(1)
})
