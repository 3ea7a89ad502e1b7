import { createHash } from 'node:crypto'
import { backgroundContext } from './context.js'
import type { JobRecord } from './define-job.js'
import type { Resources } from './resources.js'

/**
 * Runs the periodic jobs of all services inside the server process. An advisory lock lets one process at a
 * time run a given job; the next tick of any other finds it done or takes over. A run that fails is logged
 * and tried again at its next tick.
 */
export class JobRunner {
  readonly #resources: Resources
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #stop = new AbortController()

  constructor(resources: Resources) {
    this.#resources = resources
  }

  start(): void {
    for (const job of this.#resources.assembly.jobs) {
      if (job.everySeconds === undefined) continue
      const timer = setInterval(() => this.#track(this.run(job)), job.everySeconds * 1000)
      timer.unref()
      this.#timers.push(timer)
    }
  }

  /** Runs one job now unless another process is at it. */
  async run(job: JobRecord): Promise<void> {
    const { db, log } = this.#resources
    try {
      await db.transaction({ role: 'system', tenantId: null }, async () => {
        const [lock] = await db.query<{ mine: boolean }>({
          text: 'select pg_try_advisory_xact_lock($1::bigint) as mine',
          values: [lockOf(job.name)],
        })
        if (!lock?.mine) return
        const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(job.timeoutMs)])
        await job.run(backgroundContext(this.#resources, `job:${job.name}`), job.payload.parse({}), signal)
      })
    } catch (error) {
      log.error({ err: error, job: job.name }, 'periodic job failed')
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#stop.abort()
    await Promise.allSettled(this.#running)
  }

  #track(run: Promise<void>): void {
    this.#running.add(run)
    void run.finally(() => this.#running.delete(run))
  }
}

function lockOf(name: string): string {
  return createHash('sha256').update(`job:${name}`).digest().readBigInt64BE(0).toString()
}
