import { createHash } from 'node:crypto'
import { backgroundContext } from './context.js'
import type { JobRecord } from './define-job.js'
import type { Resources } from './resources.js'

/** Longest time between two looks whether a job is due, in seconds. */
const LOOK_S = 60

/**
 * Runs the periodic jobs of all services inside the server process. When each last ended well is kept in the
 * database, so that however many processes there are and however often they restart, a job runs once in its
 * time. An advisory lock lets one process at a time run it; a run that fails is logged and tried at the next look.
 */
export class JobRunner {
  readonly #resources: Resources
  readonly #jobs: readonly JobRecord[]
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #stop = new AbortController()

  /** @param jobs run besides those of the services. */
  constructor(resources: Resources, jobs: readonly JobRecord[] = []) {
    this.#resources = resources
    this.#jobs = [...jobs, ...resources.assembly.jobs]
  }

  start(): void {
    for (const job of this.#jobs) {
      const everySeconds = secondsOf(job)
      if (everySeconds === undefined) continue
      const timer = setInterval(() => this.#track(this.runDue(job)), Math.min(everySeconds, LOOK_S) * 1000)
      timer.unref()
      this.#timers.push(timer)
    }
  }

  /** Runs one job now, due or not, unless another process is at it. Never rejects. */
  run(job: JobRecord): Promise<void> {
    return this.#attempt(job, async () => true)
  }

  /** Runs one job when its time has come. Never rejects. */
  runDue(job: JobRecord): Promise<void> {
    return this.#attempt(job, () => this.#isDue(job))
  }

  /** Starts no further job, asks running ones to stop and resolves when they have ended. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#stop.abort()
    await Promise.allSettled(this.#running)
  }

  async #attempt(job: JobRecord, isDue: () => Promise<boolean>): Promise<void> {
    const { db, log } = this.#resources
    try {
      await db.transaction({ role: 'system', tenantId: null }, async () => {
        if (!(await this.#lock(job)) || !(await isDue())) return
        const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(job.timeoutMs)])
        await job.run(backgroundContext(this.#resources, `job:${job.name}`), job.payload.parse({}), {
          signal,
        } as never)
        await db.query({
          text: `insert into job_runs (name, finished_at) values ($1, clock_timestamp())
                 on conflict (name) do update set finished_at = excluded.finished_at`,
          values: [job.name],
        })
      })
    } catch (error) {
      log.error({ err: error, job: job.name }, 'periodic job failed')
    }
  }

  async #lock(job: JobRecord): Promise<boolean> {
    const [lock] = await this.#resources.db.query<{ mine: boolean }>({
      text: 'select pg_try_advisory_xact_lock($1::bigint) as mine',
      values: [lockOf(job.name)],
    })
    return lock?.mine === true
  }

  /** Timers of processes drift, so a job counts as due a little before its time. */
  async #isDue(job: JobRecord): Promise<boolean> {
    const { name } = job
    const everySeconds = secondsOf(job) ?? 0
    const rows = await this.#resources.db.query({
      text: 'select 1 from job_runs where name = $1 and finished_at > clock_timestamp() - make_interval(secs => $2)',
      values: [name, everySeconds * 0.9],
    })
    return rows.length === 0
  }

  #track(run: Promise<void>): void {
    this.#running.add(run)
    void run.finally(() => this.#running.delete(run))
  }
}

function secondsOf({ period }: JobRecord): number | undefined {
  return period && 'everySeconds' in period ? period.everySeconds : undefined
}

function lockOf(name: string): string {
  return createHash('sha256').update(`job:${name}`).digest().readBigInt64BE(0).toString()
}
