import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { readSettings } from '../../server/config/config.js'
import { settings } from '../../server/config/settings.js'
import { backgroundContext } from '../../server/kernel/context.js'
import { Lifecycle } from '../../server/kernel/lifecycle.js'
import { openResources } from '../../server/resources.js'
import { asAdmin, freshDatabase, ROLE_PASSWORDS, stores } from '../../test/stores.js'
import { median, quantile } from '../machine/load.js'
import { residentBytes, timed } from '../machine/processes.js'
import { noopService } from '../programs/noop-service.js'
import type { Figure } from '../report.js'
import { openWorld, startVetrai, type World } from '../world.js'

const COUNT = 20_000
const ROUNDS = 3
const CONCURRENCIES = [10, 50] as const

interface Run {
  /** Jobs a second. */
  enqueued: number
  run: number
}

/**
 * Jobs that do nothing: enqueued in bulk and run by one process, next to bare bee-queue and pg-boss in the same
 * round. Each has both cores and a database of its own; PostgreSQL writes to disk at every commit.
 */
export async function measureJobs(): Promise<Figure[]> {
  const world = await openWorld({ durable: true })
  try {
    return [...(await measureThroughput()), ...(await measureStarts(world)), ...(await measureIdle(world))]
  } finally {
    await world.close()
  }
}

async function measureThroughput(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const concurrency of CONCURRENCIES) {
    const rounds: { bee: Run; boss: Run; vetrai: Run }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const bee = await runBee(concurrency)
      const vetrai = await runVetrai(concurrency)
      const boss = await runBoss(concurrency)
      rounds.push({ bee, vetrai, boss })
    }
    const ratio = (of: (round: (typeof rounds)[number]) => number) => median(rounds.map(of))
    const detail = (what: keyof Run) => ({
      vetrai_per_second: ratio(({ vetrai }) => vetrai[what]),
      bee_queue_per_second: ratio(({ bee }) => bee[what]),
      pg_boss_per_second: ratio(({ boss }) => boss[what]),
    })
    const name = `jobs at concurrency ${concurrency}`
    figures.push(
      {
        name: `${name}, of bare bee-queue`,
        value: ratio(({ vetrai, bee }) => vetrai.run / bee.run),
        unit: 'x',
        target: { atLeast: 0.5 },
        detail: detail('run'),
      },
      {
        name: `${name}, of pg-boss`,
        value: ratio(({ vetrai, boss }) => vetrai.run / boss.run),
        unit: 'x',
        target: { atLeast: 1 },
        detail: {},
      },
    )
    if (concurrency !== 50) continue
    figures.push({
      name: 'bulk enqueue, of pg-boss',
      value: ratio(({ vetrai, boss }) => vetrai.enqueued / boss.enqueued),
      unit: 'x',
      target: { atLeast: 0.8 },
      detail: detail('enqueued'),
    })
  }
  return figures
}

async function runBee(concurrency: number): Promise<Run> {
  const { redis } = await stores()
  const { host, port, password } = redis
  const connection = JSON.stringify({ host, port, password, db: 15 })
  return run('baseline/bee-queue-worker.js', concurrency, { REDIS: connection })
}

async function runVetrai(concurrency: number): Promise<Run> {
  const world = await openWorld()
  try {
    return await run('programs/job-worker.js', concurrency, world.env)
  } finally {
    await world.dropDatabase()
  }
}

async function runBoss(concurrency: number): Promise<Run> {
  const { postgres } = await stores()
  const database = await freshDatabase()
  const { host, port } = postgres
  const user = { user: 'vetrai_owner', password: ROLE_PASSWORDS.owner }
  const connection = JSON.stringify({ host, port, database: database.name, ...user })
  try {
    return await run('baseline/pg-boss-worker.js', concurrency, { POSTGRES: connection })
  } finally {
    await database.drop()
  }
}

async function run(program: string, concurrency: number, env: Record<string, string>): Promise<Run> {
  const { stdout } = await timed([process.execPath, join(import.meta.dirname, '..', program)], {
    env: { ...env, COUNT: String(COUNT), CONCURRENCY: String(concurrency), LOG_LEVEL: 'silent' },
    timeoutMs: 120_000,
  })
  const { enqueueMs, ms } = JSON.parse(stdout) as { enqueueMs: number; ms: number }
  return { enqueued: (COUNT / enqueueMs) * 1000, run: (COUNT / ms) * 1000 }
}

const STARTS = 400
const STARTS_PER_SECOND = 25

/** How long a job waits from the call that enqueues it to its beginning in another process, when there is little to do. */
async function measureStarts(world: World): Promise<Figure[]> {
  const { noop, service } = noopService(() => undefined)
  const life = new Lifecycle({ graceMs: 5_000 })
  const resources = await openResources(readSettings(settings, { ...world.env, LOG_LEVEL: 'silent' }), life, {
    services: [service],
    permissions: {},
  })
  const worker = fork(join(import.meta.dirname, '..', 'programs', 'job-starts.js'), {
    env: { ...process.env, ...world.env, LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(worker, 'message')
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const sent = new Map<number, number>()
  const waits: number[] = []
  worker.on('message', ({ n, at }: { n: number; at: number }) => waits.push(at - (sent.get(n) ?? 0)))
  const ctx = backgroundContext(resources, 'bench')
  for (let n = 0; n < STARTS; n++) {
    sent.set(n, performance.timeOrigin + performance.now())
    await ctx.system('a benchmark', () => ctx.enqueue(noop, { n }))
    await new Promise((resolve) => setTimeout(resolve, 1000 / STARTS_PER_SECOND))
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
  worker.disconnect()
  await once(worker, 'exit')
  await life.close()
  waits.sort((a, b) => a - b)
  const detail = { jobs: waits.length, per_second: STARTS_PER_SECOND }
  return [
    { name: 'enqueue to start, p50', value: quantile(waits, 0.5), unit: 'ms', target: { atMost: 5 }, detail },
    {
      name: 'enqueue to start, p99',
      value: quantile(waits, 0.99),
      unit: 'ms',
      target: { atMost: 25 },
      detail,
    },
  ]
}

const IDLE_SECONDS = 40

/** What a deployment that has nothing to do costs: a worker's memory, and questions to the database. */
async function measureIdle(world: World): Promise<Figure[]> {
  const server = await startVetrai(world, { cores: 'all' })
  const worker = await startVetrai(world, { cores: 'all', roles: 'worker' })
  try {
    // Schedules made at the first start are due once.
    await new Promise((resolve) => setTimeout(resolve, 8_000))
    const before = await statements(world)
    await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000))
    const perSecond = ((await statements(world)) - before) / IDLE_SECONDS
    const memory = residentBytes(worker.pid) / 1e6
    return [
      { name: 'memory of an idle worker', value: memory, unit: 'MB', target: { atMost: 100 }, detail: {} },
      {
        name: 'transactions of an idle system',
        value: perSecond,
        unit: '/s',
        target: { atMost: 1 },
        detail: { seconds: IDLE_SECONDS, processes: 2 },
      },
    ]
  } finally {
    await Promise.all([server.stop(), worker.stop()])
  }
}

/** Transactions of the world's database so far; single statements are one each. */
async function statements({ databaseName }: World): Promise<number> {
  const { rows } = await asAdmin(
    await stores(),
    `select xact_commit + xact_rollback as n from pg_stat_database where datname = '${databaseName}'`,
  )
  return Number(rows[0]?.n ?? 0)
}
