import type { DestinationStream, Logger } from 'pino'
import type { Config } from './config/config.js'
import { sealedAnswers } from './http/idempotency.js'
import { linkSecret } from './http/object-links.js'
import { msUntilDue } from './jobs/fire-schedules.js'
import { Jobs } from './jobs/jobs.js'
import { countDeadLetters, countJobs } from './jobs/leases.js'
import { Wire } from './jobs/wire.js'
import { assemble } from './kernel/assemble.js'
import type { ServiceRecord } from './kernel/define-service.js'
import type { Lifecycle } from './kernel/lifecycle.js'
import type { PermissionMatrix } from './kernel/permissions.js'
import type { Resources } from './kernel/resources.js'
import type { SealedColumn } from './kernel/sealed-column.js'
import { Secrets } from './kernel/secrets.js'
import { StateHolder } from './kernel/state.js'
import { openLogger } from './observability/logger.js'
import { Metrics } from './observability/metrics.js'
import { createMailer } from './outbound/mail.js'
import { mailerOptions } from './outbound/mailer-options.js'
import { createSafeFetch } from './outbound/safe-fetch.js'
import { permissions } from './permissions.js'
import { services } from './services.js'
import { Bus } from './storage/bus.js'
import { Database } from './storage/database.js'
import { onceDatabaseAnswers } from './storage/database-away.js'
import { housekeeping } from './storage/housekeeping.js'
import { openRootKey } from './storage/installation-keys/open-root.js'
import { resealValues } from './storage/installation-keys/reseal.js'
import { SealingKeys } from './storage/installation-keys/sealing-keys.js'
import { Maintenance } from './storage/maintenance.js'
import { openObjectStore } from './storage/object-store/open-object-store.js'
import { oldestEventS } from './storage/outbox.js'
import { openRedis, untilReady } from './storage/redis.js'

export interface ResourceOverrides {
  now?: () => Date
  logDestination?: DestinationStream
  /** What is mounted and judged by instead of server/services.ts and server/permissions.ts. */
  services?: readonly ServiceRecord[]
  permissions?: PermissionMatrix
}

/** Opens everything a server holds, in order, on this lifecycle: closing it closes all in reverse. */
export async function openResources(
  config: Config,
  life: Lifecycle,
  overrides: ResourceOverrides = {},
): Promise<Resources> {
  const allServices = overrides.services ?? services
  const assembly = assemble(
    allServices,
    overrides.permissions ?? permissions,
    config.VETRAI_SERVICES.length > 0 ? config.VETRAI_SERVICES : undefined,
  )
  const { logDestination } = overrides
  const log = openLogger({
    level: config.LOG_LEVEL,
    name: config.VETRAI_NAME,
    ...(logDestination ? { destination: logDestination } : {}),
  })
  const metrics = new Metrics()
  const db = await life.open(
    'postgres',
    () => openDatabase(config, log),
    (opened) => opened.close(),
  )
  const sealed = [sealedAnswers, ...allServices.flatMap((service) => service.sealed ?? [])]
  const { secrets, sealingKeys } = await openKeys(config, life, { db, log, sealed })
  metrics.watchPools(db)
  metrics.watchJobs(() => countJobs(db))
  metrics.watchDeadLetters(() => countDeadLetters(db))
  metrics.watchOutbox(() => oldestEventS(db))
  const redis = await life.open(
    'redis',
    () => openRedisFor(config, log, 'vetrai'),
    (opened) => opened.disconnect(),
  )
  const bus = await life.open(
    'bus',
    () =>
      new Bus(redis, openRedisFor(config, log, 'vetrai-bus'), (err) =>
        log.error({ err }, 'a bus listener failed'),
      ),
    (opened) => opened.close(),
  )
  sealingKeys.watch(bus)
  const maintenance = await life.open(
    'maintenance',
    () => openMaintenance(db, log, bus),
    (opened) => opened.close(),
  )
  metrics.watchMaintenance(() => maintenance.isOn)
  await untilReady(redis, 1_000)
  const mail = await life.open(
    'mail',
    () => createMailer(mailerOptions(config, secrets, log)),
    (opened) => opened.close(),
  )
  const objects = await life.open(
    'objects',
    () => openObjectStore(config, linkSecret({ secrets })),
    (opened) => opened.close(),
  )
  await objects.prepare().catch((err: unknown) => log.warn({ err }, 'the object store is not ready'))
  const wire = await life.open(
    'job wire',
    () =>
      new Wire({
        url: config.REDIS_URL,
        password: config.REDIS_PASSWORD,
        onError: (err) => log.debug({ err }, 'the wire of jobs is interrupted'),
      }),
    (opened) => opened.close(),
  )
  const states = new StateHolder<Resources>()
  for (const service of assembly.services) for (const bind of service.models ?? []) bind(await db.models())
  const resources: Resources = {
    config,
    log,
    db,
    redis,
    bus,
    secrets,
    sealingKeys,
    sealed,
    maintenance,
    mail,
    objects,
    metrics,
    assembly,
    states,
    fetch: createSafeFetch({ allow: config.OUTBOUND_ALLOW }),
    jobs: new Jobs({ wire, bus, kinds: [housekeeping, resealValues, ...assembly.jobs] }),
    now: overrides.now ?? (() => new Date()),
  }
  metrics.watchSchedules(async () => overdueS(await msUntilDue(db, [...resources.jobs.kinds.keys()])))
  await life.open(
    'services',
    () => startServices(resources),
    () => states.close(),
  )
  return resources
}

/** How long a starting process waits for a database that starts too, or recovers. */
const DATABASE_WAIT_MS = 60_000

/** The root key and the data keys, which are in the database. */
async function openKeys(
  config: Config,
  life: Lifecycle,
  { db, log, sealed }: { db: Database; log: Logger; sealed: readonly SealedColumn[] },
): Promise<{ secrets: Secrets; sealingKeys: SealingKeys }> {
  const { VETRAI_SECRET: master, VETRAI_SECRET_PREVIOUS: previous } = config
  const open = () =>
    onceDatabaseAnswers(read, {
      waitMs: DATABASE_WAIT_MS,
      onWait: (err) => log.warn({ err }, 'waiting for the database'),
    })
  const read = async () => {
    const root = await openRootKey({ db, master, previous, sealed })
    const keys = new SealingKeys({ db, root, log })
    await keys.load()
    return { secrets: new Secrets(root, keys.ring), sealingKeys: keys }
  }
  return life.open('installation keys', open, ({ sealingKeys }) => sealingKeys.close())
}

async function openMaintenance(db: Database, log: Logger, bus: Bus): Promise<Maintenance> {
  const maintenance = new Maintenance({ db, log })
  // Before its schema is there nobody can have turned it on; /readyz says what is missing.
  await maintenance.load().catch((err: unknown) => log.warn({ err }, 'whether to rest is not known yet'))
  maintenance.watch(bus)
  return maintenance
}

function overdueS(untilDueMs: number | null): number {
  return Math.max(0, -(untilDueMs ?? 0)) / 1_000
}

async function startServices(resources: Resources): Promise<void> {
  for (const service of resources.assembly.services) await service.start?.(resources)
}

function openDatabase(config: Config, log: Logger): Database {
  return new Database({
    url: config.DATABASE_URL,
    appPassword: config.DATABASE_APP_PASSWORD,
    systemPassword: config.DATABASE_SYSTEM_PASSWORD,
    poolMax: config.DATABASE_POOL_MAX,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
    onAfterCommitError: (err) => log.error({ err }, 'work after commit failed'),
  })
}

function openRedisFor(config: Config, log: Logger, name: string) {
  let lastSaid = 0
  return openRedis({
    url: config.REDIS_URL,
    password: config.REDIS_PASSWORD,
    name,
    onError: (err) => {
      if (Date.now() - lastSaid < 10_000) return
      lastSaid = Date.now()
      log.warn({ err }, 'redis is not available')
    },
  })
}
