import type pg from 'pg'
import { z } from 'zod'
import { Worker, type WorkerOptions } from '../server/jobs/worker.js'
import { backgroundContext, type Ctx } from '../server/kernel/context.js'
import { defineJob, type JobRecord, type JobSpec } from '../server/kernel/define-job.js'
import { defineService } from '../server/kernel/define-service.js'
import { type ServerOptions, startTwin, type TestServer, useServer } from './server.js'
import { asAdmin, stores } from './stores.js'
import { until } from './until.js'

/** A job as its row tells of it. */
export interface JobState {
  tenant_id: string
  id: string
  kind: string
  status: string
  priority: number
  payload: unknown
  attempt: number
  fence: number
  run_at: Date
  lease_until: Date | null
  created_at: Date
  started_at: Date | null
  finished_at: Date | null
  pending_children: number
  progress: unknown
  result: unknown
  error: string | null
}

/** How one attempt ended otherwise than in success. */
export interface AttemptRow {
  attempt: number
  outcome: string
  error: string | null
  started_at: Date
  next_run_at: Date | null
}

/** Looks rarely: what such a worker runs in a test, somebody told it of. */
const OPTIONS: WorkerOptions = { concurrency: 10, leaseMs: 30_000, lookMs: 60_000 }

const NO_PAYLOAD = z.strictObject({ n: z.int().optional() })
type NoPayload = z.infer<typeof NO_PAYLOAD>

/** A kind of job whose payload is a number at most; a test says what is of interest. */
export function kindOf(name: string, spec: Partial<JobSpec<NoPayload>> = {}): JobRecord<NoPayload> {
  return defineJob({
    name: `test.${name}`,
    payload: NO_PAYLOAD,
    attempts: 3,
    timeoutMs: 20_000,
    backoff: { baseMs: 1, capMs: 10 },
    safeToRepeat: 'a test',
    run: async () => undefined,
    ...spec,
  })
}

/** A server that knows these kinds of jobs, without a worker until a test starts one. Each test begins without jobs. */
export class JobTest {
  readonly server: TestServer
  readonly #options: ServerOptions
  readonly #closers: (() => Promise<unknown>)[] = []
  #nextTenant = 1
  #servers: TestServer[] = []
  #foreseesTrouble = false

  constructor(server: TestServer, options: ServerOptions) {
    this.server = server
    this.#options = options
    this.#servers = [server]
  }

  /** This test takes something away from the workers: that they warn of it is right. */
  foreseeTrouble(): void {
    this.#foreseesTrouble = true
  }

  /** The id of a new tenant; later ones sort after earlier ones. */
  tenant(): string {
    return `7e000000-0000-4000-8000-${String(this.#nextTenant++).padStart(12, '0')}`
  }

  /** A context in this tenant, or in none. */
  in(tenantId: string | null, server = this.server): Ctx {
    const tenant = tenantId === null ? null : { id: tenantId, slug: 'tenant', status: 'active' as const }
    return backgroundContext(server.resources, 'test', tenant)
  }

  /** A started worker of this server, or of another; it is closed after the test. */
  worker(options: Partial<WorkerOptions> = {}, server = this.server): Worker {
    const worker = new Worker(server.resources, { ...OPTIONS, ...options })
    this.#closers.push(() => worker.close(0))
    worker.start()
    return worker
  }

  /** A second process's worth of server; it is stopped after the test. */
  async twin(settings: Record<string, string> = {}): Promise<TestServer> {
    const { twin, stop } = await startTwin(this.server, { ...this.#options, settings })
    this.#closers.push(stop)
    this.#servers.push(twin)
    return twin
  }

  async job(id: string): Promise<JobState> {
    const [job] = await this.sql<JobState>('select * from worker_jobs where id = $1', id)
    if (!job) throw new Error(`there is no job ${id}`)
    return job
  }

  /** All jobs of these ids, or of the kind, in the order of their ids. */
  jobs(of: { ids: readonly string[] } | { kind: string }): Promise<JobState[]> {
    return 'ids' in of
      ? this.sql<JobState>('select * from worker_jobs where id = any ($1) order by id', of.ids)
      : this.sql<JobState>('select * from worker_jobs where kind = $1 order by id', of.kind)
  }

  attempts(id: string): Promise<AttemptRow[]> {
    return this.sql<AttemptRow>('select * from job_attempts where job_id = $1 order by fence', id)
  }

  /** One statement as vetrai_system. */
  sql<R extends object>(text: string, ...values: unknown[]): Promise<R[]> {
    return this.server.resources.db.readSystem({ text, values }) as Promise<unknown> as Promise<R[]>
  }

  /** One statement as superuser. */
  async admin(sql: string): Promise<pg.QueryResult> {
    return asAdmin(await stores(), sql, this.server.databaseName)
  }

  /** Resolves when the job has this status. */
  async becomes(id: string, status: string): Promise<JobState> {
    let job = await this.job(id)
    await until(async () => {
      job = await this.job(id)
      return job.status === status
    }).catch((cause) => {
      const logged = this.#servers.flatMap(({ logs }) => logs).join('')
      throw new Error(`it is not ${status}: ${JSON.stringify(job)}; logged: ${logged}`, { cause })
    })
    return job
  }

  /** Resolves when no job waits, is delayed or runs. */
  idle(): Promise<void> {
    return until(async () => {
      const [row] = await this.sql<{ open: number }>(
        "select count(*) as open from worker_jobs where status in ('scheduled', 'queued', 'running', 'waiting')",
      )
      return row?.open === 0
    })
  }

  /** Rows of waiting jobs without enqueueing each; what is left out is the kind's. Answers how many there are. */
  async fill(kind: JobRecord, tenantIds: readonly string[], count: number, lane = "''"): Promise<void> {
    await this.admin(`insert into worker_jobs (tenant_id, id, queue, kind, payload, status, max_attempts, lane, created_by)
      select t.id, gen_random_uuid(), '${kind.queue}', '${kind.name}', jsonb_build_object('n', n), 'queued',
        ${kind.attempts}, ${lane}, 'test'
      from generate_series(1, ${count}) n, unnest('{${tenantIds.join(',')}}'::uuid[]) t (id)`)
  }

  async reset(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
    await this.admin(
      'truncate worker_jobs, job_attempts, job_logs, job_keys, dead_letters, job_rates, job_queues',
    )
    const warnings = this.#servers
      .flatMap(({ logs }) => logs.splice(0))
      .filter((line) => !/"level":(20|30),/.test(line))
    const isForeseen = this.#foreseesTrouble
    this.#servers = [this.server]
    this.#foreseesTrouble = false
    if (warnings.length > 0 && !isForeseen) throw new Error(`the workers warned: ${warnings.join('')}`)
  }
}

/** For the tests of the enclosing `describe`. */
export function useJobs(kinds: readonly JobRecord[], options: ServerOptions = {}): JobTest {
  const service = defineService({
    name: 'test',
    summary: 'Kinds of jobs for tests.',
    prefix: '/test',
    needs: [],
    routes: [],
    jobs: kinds,
  })
  const all = { services: [service], permissions: {}, ...options }
  const test = new JobTest(useServer(all), all)
  afterEach(function () {
    this.timeout(60_000)
    return test.reset()
  })
  return test
}

/** A promise and how to resolve it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
