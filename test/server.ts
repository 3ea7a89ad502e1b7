import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { buildApp } from '../server/app.js'
import { readSettings } from '../server/config/config.js'
import { settings } from '../server/config/settings.js'
import { Worker } from '../server/jobs/worker.js'
import { backgroundContext } from '../server/kernel/context.js'
import type { JobRecord } from '../server/kernel/define-job.js'
import type { ServiceRecord } from '../server/kernel/define-service.js'
import { Lifecycle } from '../server/kernel/lifecycle.js'
import type { PermissionMatrix } from '../server/kernel/permissions.js'
import type { Resources } from '../server/kernel/resources.js'
import { generateToken } from '../server/kernel/token-format.js'
import { openResources } from '../server/resources.js'
import { OutboxDispatcher } from '../server/storage/outbox.js'
import { shareDocument } from './api-document.js'
import { type Answer, Caller } from './caller.js'
import { freshDatabase, ROLE_PASSWORDS, redisUrl, stores } from './stores.js'

export const OPERATOR_EMAIL = 'operator@vetrai.test'
export const OPERATOR_PASSWORD = 'correct horse battery staple 42'

/** A running server of a test file, over its own database. */
export class TestServer {
  resources!: Resources
  outbox!: OutboxDispatcher
  url!: string
  databaseName!: string
  operatorToken!: string
  mailbox!: string
  /** Everything the server logged, one JSON line each. */
  readonly logs: string[] = []
  now: (() => Date) | undefined

  /** A caller without a credential. */
  get anonymous(): Caller {
    return new Caller(this.url)
  }
  /** The operator, by the opaque token made at first start. */
  get operator(): Caller {
    return new Caller(this.url, { token: this.operatorToken })
  }
  /** Delivers events and runs jobs until nothing is due any more; `skipPauses` makes retries and delays due at once. */
  async work({ skipPauses = false } = {}): Promise<void> {
    for (let isQuiet = false; !isQuiet; ) {
      await this.outbox.drain()
      if (skipPauses) await this.resources.db.readSystem({ text: SKIP_PAUSES })
      isQuiet = !(await this.runJobs())
    }
  }
  /** Runs jobs until none is due; answers whether there were any. */
  async runJobs(): Promise<boolean> {
    const worker = new Worker(this.resources, { concurrency: 10, leaseMs: 30_000, lookMs: 60_000 })
    const hasRun = await worker.runUntilIdle()
    await worker.close(0)
    return hasRun
  }
  /** Runs one job of the installation now, and other jobs that are due. */
  async run<P>(job: JobRecord<P>, payload = {} as P): Promise<void> {
    const ctx = backgroundContext(this.resources, 'test')
    await ctx.system('a test', () => ctx.enqueue(job, payload))
    await this.runJobs()
  }
  /** A caller with this credential. */
  as(token: string): Caller {
    return new Caller(this.url, { token })
  }
  get(path: string): Promise<Answer> {
    return this.anonymous.get(path)
  }
  post(path: string, body?: unknown): Promise<Answer> {
    return this.anonymous.post(path, body)
  }
}

/** In the past: rounded to milliseconds, now() may lie ahead. */
const SKIP_PAUSES = "update worker_jobs set run_at = now() - interval '1 ms' where status = 'scheduled'"

export interface ServerOptions {
  /** Settings that differ from the defaults of tests. */
  settings?: Record<string, string>
  /** Services instead of VetrAI's own, for tests of the kernel, with the permissions their routes name. */
  services?: readonly ServiceRecord[]
  permissions?: PermissionMatrix
}

/**
 * A server for the tests of the enclosing `describe`, over a fresh database and its own Redis index. The
 * clock may be set through `server.now`.
 */
export function useServer(options: ServerOptions = {}): TestServer {
  const test = new TestServer()
  const closers: (() => Promise<unknown>)[] = []
  before(async function () {
    this.timeout(60_000)
    const database = await freshDatabase()
    closers.push(database.drop)
    test.databaseName = database.name
    test.operatorToken = generateToken('vtr_at_')
    await startServer(test, database, options, closers)
  })
  after(async function () {
    this.timeout(60_000)
    for (const close of closers.reverse()) await close()
  })
  return test
}

/** A second process's worth of server over the same database and Redis as `first`, for tests of several processes. */
export async function startTwin(
  first: TestServer,
  options: ServerOptions = {},
): Promise<{ twin: TestServer; stop: () => Promise<void> }> {
  const twin = new TestServer()
  const closers: (() => Promise<unknown>)[] = []
  twin.databaseName = first.databaseName
  twin.operatorToken = first.operatorToken
  const { DATABASE_URL: url, REDIS_URL, VETRAI_SECRET } = first.resources.config
  await startServer(
    twin,
    { url, index: 0 },
    { ...options, settings: { REDIS_URL, VETRAI_SECRET, ...options.settings } },
    closers,
  )
  return {
    twin,
    stop: async () => {
      for (const close of closers.reverse()) await close()
    },
  }
}

async function startServer(
  test: TestServer,
  database: { url: string; index: number },
  options: ServerOptions,
  closers: (() => Promise<unknown>)[],
): Promise<void> {
  const shared = await stores()
  const folder = await mkdtemp(join(tmpdir(), 'vetrai-server-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  test.mailbox = join(folder, 'mail')
  const config = readSettings(settings, {
    VETRAI_PORT: '0',
    VETRAI_PUBLIC_URL: 'http://vetrai.test',
    VETRAI_SECRET: randomBytes(32).toString('hex'),
    DATABASE_URL: database.url,
    DATABASE_APP_PASSWORD: ROLE_PASSWORDS.app,
    DATABASE_SYSTEM_PASSWORD: ROLE_PASSWORDS.system,
    DATABASE_POOL_MAX: '8',
    REDIS_URL: redisUrl(shared, database.index),
    REDIS_PASSWORD: shared.redis.password,
    OPERATOR_EMAIL,
    OPERATOR_PASSWORD,
    OPERATOR_TOKEN: test.operatorToken,
    AUTH_BCRYPT_COST: '4',
    MAILBOX_PATH: test.mailbox,
    OBJECT_STORE_PATH: join(folder, 'objects'),
    RATE_LIMIT_FACTOR: '10000',
    ...options.settings,
  })
  const life = new Lifecycle({ graceMs: 5_000 })
  closers.push(() => life.close())
  test.resources = await openResources(config, life, {
    now: () => test.now?.() ?? new Date(),
    logDestination: collect(test.logs),
    ...(options.services ? { services: options.services } : {}),
    ...(options.permissions ? { permissions: options.permissions } : {}),
  })
  if (database.index > 0) await test.resources.redis.flushdb()
  test.outbox = new OutboxDispatcher(test.resources)
  closers.push(() => test.outbox.close())
  const app = buildApp(test.resources)
  const server = createServer(app.listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => closeServer(server))
  test.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  if (!options.services) shareDocument(test.url)
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function collect(lines: string[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
}
