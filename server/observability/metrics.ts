import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Database } from '../storage/database.js'

interface CacheFigures {
  hits: number
  misses: number
}

/** Unsettled jobs of one queue and status. */
export interface JobCount {
  queue: string
  status: string
  count: number
  oldestS: number | null
}

/** Every metric of the server; the names are part of the product and only added to. */
export class Metrics {
  readonly registry = new Registry()
  readonly requests = this.#register(
    new Histogram({
      name: 'vetrai_http_request_duration_seconds',
      help: 'Requests by route and status class.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers: [],
    }),
  )
  readonly inFlight = this.#register(
    new Gauge({ name: 'vetrai_http_requests_in_flight', help: 'Requests being answered.', registers: [] }),
  )
  readonly limited = this.#register(
    new Counter({
      name: 'vetrai_rate_limited_total',
      help: 'Requests refused by a limit.',
      labelNames: ['policy'],
      registers: [],
    }),
  )
  readonly limiterFallback = this.#register(
    new Counter({
      name: 'vetrai_limiter_fallback_total',
      help: 'Limits counted by the process alone because Redis was away.',
      registers: [],
    }),
  )
  readonly authentications = this.#register(
    new Counter({
      name: 'vetrai_authentications_total',
      help: 'Credentials looked at, by outcome.',
      labelNames: ['outcome'],
      registers: [],
    }),
  )
  readonly streamsOpen = this.#register(
    new Gauge({
      name: 'vetrai_http_streams_open',
      help: 'Event streams being sent, by route.',
      labelNames: ['route'],
      registers: [],
    }),
  )
  readonly streamEvents = this.#register(
    new Counter({
      name: 'vetrai_http_stream_events_total',
      help: 'Events sent on streams, by route.',
      labelNames: ['route'],
      registers: [],
    }),
  )
  readonly outboxStored = this.#register(
    new Counter({ name: 'vetrai_outbox_events_total', help: 'Events stored in the outbox.', registers: [] }),
  )
  readonly jobRuns = this.#register(
    new Histogram({
      name: 'vetrai_job_run_duration_seconds',
      help: 'Runs of jobs by kind and how they ended.',
      labelNames: ['kind', 'outcome'],
      buckets: [0.001, 0.01, 0.05, 0.25, 1, 5, 30, 120, 600],
      registers: [],
    }),
  )
  readonly jobWait = this.#register(
    new Histogram({
      name: 'vetrai_job_wait_seconds',
      help: 'Time between the making of a job and the beginning of a run.',
      labelNames: ['queue'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10, 60, 600],
      registers: [],
    }),
  )
  readonly jobsLost = this.#register(
    new Counter({
      name: 'vetrai_jobs_late_results_total',
      help: 'Results refused because the job belonged to another run by then.',
      registers: [],
    }),
  )
  readonly jobsReclaimed = this.#register(
    new Counter({
      name: 'vetrai_jobs_reclaimed_total',
      help: 'Jobs taken back from processes that ended or hung.',
      registers: [],
    }),
  )
  readonly scheduleFirings = this.#register(
    new Counter({
      name: 'vetrai_schedule_firings_total',
      help: 'Firings of schedules: those that made a job, and those that were left out.',
      labelNames: ['outcome'],
      registers: [],
    }),
  )
  readonly #caches: { name: string; figures: () => CacheFigures }[] = []

  constructor() {
    const caches = this.#caches
    const gauge = new Gauge({
      name: 'vetrai_cache_lookups',
      help: 'Identity cache lookups of this process since it started, by outcome.',
      labelNames: ['cache', 'outcome'],
      registers: [],
      collect() {
        for (const { name, figures } of caches) {
          const { hits, misses } = figures()
          gauge.set({ cache: name, outcome: 'hit' }, hits)
          gauge.set({ cache: name, outcome: 'miss' }, misses)
        }
      },
    })
    this.#register(gauge)
  }

  /** Adds the process's own figures (event loop, memory, GC); these are sampled, so tests leave them out. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 20 })
  }

  /** Watches a cache, read only when somebody asks for metrics. */
  watchCache(name: string, figures: () => CacheFigures): void {
    this.#caches.push({ name, figures })
  }

  /** Watches the connection pools of a database. */
  watchPools(db: Database): void {
    const gauge = new Gauge({
      name: 'vetrai_database_connections',
      help: 'Connections by role, pool and state.',
      labelNames: ['role', 'pool', 'state'],
      registers: [],
      collect() {
        for (const { role, pool, ...states } of db.poolUse()) {
          for (const [state, count] of Object.entries(states)) gauge.set({ role, pool, state }, count)
        }
      },
    })
    this.#register(gauge)
  }

  /** Watches the jobs that are not settled; the database is asked only when somebody asks for metrics. */
  watchJobs(count: () => Promise<JobCount[]>): void {
    const gauge = new Gauge({
      name: 'vetrai_jobs',
      help: 'Unsettled jobs by queue and status; every process tells the same.',
      labelNames: ['queue', 'status'],
      registers: [],
      async collect() {
        const counts = await count().catch(() => [])
        gauge.reset()
        oldest.reset()
        for (const { queue, status, count: jobs, oldestS } of counts) {
          gauge.set({ queue, status }, jobs)
          if (oldestS !== null) oldest.set({ queue }, oldestS)
        }
      },
    })
    const oldest = new Gauge({
      name: 'vetrai_jobs_oldest_waiting_seconds',
      help: 'For how long the job of each queue that waits longest could have begun.',
      labelNames: ['queue'],
      registers: [],
    })
    this.#register(gauge)
    this.#register(oldest)
  }

  #register<M extends Histogram<string> | Gauge<string> | Counter<string>>(metric: M): M {
    this.registry.registerMetric(metric)
    return metric
  }
}
