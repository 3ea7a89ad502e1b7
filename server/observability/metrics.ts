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

/** How backups fare: times in seconds since 1970, null for what there is not. */
export interface BackupFigures {
  lastSuccess: number | null
  lastDuration: number | null
  lastBytes: number | null
  lastFailure: number | null
  due: number | null
  lastVerifiedRestore: number | null
  drillDuration: number | null
  restoreDue: number | null
  lastBaseSuccess: number | null
  lastBaseFailure: number | null
}

/** A gauge whose values are asked for when somebody asks for metrics; `value` null leaves a row out. */
interface Sampled<Row, L extends string> {
  name: string
  help: string
  labels?: readonly L[]
  value(row: Row): number | null
}

const CALL_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/**
 * Every metric of the server; the names are part of the product and only added to. Labels take few values: a route, a
 * kind, a provider, an outcome, never an id, an address or a tenant.
 */
export class Metrics {
  readonly registry = new Registry()

  readonly requests = this.#histogram(
    'vetrai_http_request_duration_seconds',
    'Requests by route and status class.',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    ['method', 'route', 'status'],
  )
  readonly inFlight = this.#register(
    new Gauge({ name: 'vetrai_http_requests_in_flight', help: 'Requests being answered.', registers: [] }),
  )
  readonly limited = this.#counter('vetrai_rate_limited_total', 'Requests refused by a limit.', ['policy'])
  readonly limiterFallback = this.#counter(
    'vetrai_limiter_fallback_total',
    'Limits counted by the process alone because Redis was away.',
  )
  readonly authentications = this.#counter(
    'vetrai_authentications_total',
    'Credentials looked at, by outcome.',
    ['outcome'],
  )
  readonly streamsOpen = this.#register(
    new Gauge({
      name: 'vetrai_http_streams_open',
      help: 'Event streams being sent, by route.',
      labelNames: ['route'],
      registers: [],
    }),
  )
  readonly streamEvents = this.#counter(
    'vetrai_http_stream_events_total',
    'Events sent on streams, by route.',
    ['route'],
  )
  readonly outboxStored = this.#counter('vetrai_outbox_events_total', 'Events stored in the outbox.')

  readonly jobRuns = this.#histogram(
    'vetrai_job_run_duration_seconds',
    'Runs of jobs by kind and how they ended: succeeded, failed for good, retried, later (nothing was lost), cancelled, released or lost.',
    [0.001, 0.01, 0.05, 0.25, 1, 5, 30, 120, 600],
    ['kind', 'outcome'],
  )
  readonly jobWait = this.#histogram(
    'vetrai_job_wait_seconds',
    'Time from when a job could have begun to when it did.',
    [0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10, 60, 600],
    ['queue'],
  )
  readonly jobsLost = this.#counter(
    'vetrai_jobs_late_results_total',
    'Results refused because the job belonged to another run by then.',
  )
  readonly jobsReclaimed = this.#counter(
    'vetrai_jobs_reclaimed_total',
    'Jobs taken back from processes that ended or hung.',
  )
  readonly scheduleFirings = this.#counter(
    'vetrai_schedule_firings_total',
    'Firings of schedules: those that made a job, and those that were left out.',
    ['outcome'],
  )

  readonly sends = this.#histogram(
    'vetrai_channel_send_duration_seconds',
    'Messages handed to providers: sent, refused for good, put_off, or unavailable where the provider itself was away.',
    CALL_BUCKETS,
    ['channel', 'provider', 'outcome'],
  )
  readonly deliveries = this.#counter(
    'vetrai_notification_deliveries_total',
    'Deliveries of notifications: sent, and then delivered or bounced where the provider tells; failed, skipped, unsubscribed, or left to a digest.',
    ['channel', 'outcome'],
  )
  readonly suppressions = this.#counter(
    'vetrai_suppressions_total',
    'Addresses that were put on a suppression list.',
    ['channel', 'reason'],
  )
  readonly webhookAttempts = this.#histogram(
    'vetrai_webhook_attempt_duration_seconds',
    'Attempts to deliver webhooks: delivered, else the class of the answer or why there was none.',
    CALL_BUCKETS,
    ['outcome'],
  )
  readonly webhookDeliveries = this.#counter(
    'vetrai_webhook_deliveries_total',
    'Webhooks that are settled: delivered, failed after the last attempt, or skipped.',
    ['outcome'],
  )
  readonly webhooksDisabled = this.#counter(
    'vetrai_webhook_endpoints_disabled_total',
    'Endpoints that were disabled because they failed for days or said that they are gone.',
    ['reason'],
  )

  readonly workflowRuns = this.#histogram(
    'vetrai_workflow_run_duration_seconds',
    'Runs of workflows that are over, from when they were made, by how they ended.',
    [0.1, 0.5, 1, 5, 30, 120, 600, 3_600, 21_600, 86_400],
    ['outcome'],
  )
  readonly workflowSteps = this.#histogram(
    'vetrai_workflow_step_duration_seconds',
    'Steps of workflows that are over, all attempts and waits included, by type and how they ended.',
    [0.001, 0.01, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600, 86_400],
    ['type', 'outcome'],
  )

  readonly #caches: { name: string; figures: () => CacheFigures }[] = []

  constructor() {
    const rows = () =>
      this.#caches.flatMap(({ name: cache, figures }) => {
        const { hits, misses } = figures()
        return [
          { cache, outcome: 'hit', lookups: hits },
          { cache, outcome: 'miss', lookups: misses },
        ]
      })
    this.#sample(rows, {
      name: 'vetrai_cache_lookups',
      help: 'Identity cache lookups of this process since it started, by outcome.',
      labels: ['cache', 'outcome'],
      value: ({ lookups }) => lookups,
    })
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
    const rows = () =>
      db
        .poolUse()
        .flatMap(({ role, pool, ...states }) =>
          Object.entries(states).map(([state, count]) => ({ role, pool, state, count })),
        )
    this.#sample(rows, {
      name: 'vetrai_database_connections',
      help: 'Connections by role, pool and state.',
      labels: ['role', 'pool', 'state'],
      value: ({ count }) => count,
    })
  }

  /** Watches for how long the event that was stored first waits to reach all who hear it. */
  watchOutbox(oldestS: () => Promise<number>): void {
    this.#sample(async () => [await oldestS()], {
      name: 'vetrai_outbox_oldest_seconds',
      help: 'Age of the oldest event that has not reached all who hear it, 0 where there is none; every process tells the same.',
      value: (seconds) => seconds,
    })
  }

  /** Watches the jobs that are not settled; the database is asked only when somebody asks for metrics. */
  watchJobs(count: () => Promise<JobCount[]>): void {
    this.#sample(
      count,
      {
        name: 'vetrai_jobs',
        help: 'Unsettled jobs by queue and status; every process tells the same.',
        labels: ['queue', 'status'],
        value: (row) => row.count,
      },
      {
        name: 'vetrai_jobs_oldest_waiting_seconds',
        help: 'For how long the job of each queue that waits longest could have begun; every process tells the same.',
        labels: ['queue'],
        value: ({ oldestS }) => oldestS,
      },
    )
  }

  /** Watches the jobs that failed for good and were not run again. */
  watchDeadLetters(count: () => Promise<{ queue: string; count: number }[]>): void {
    this.#sample(count, {
      name: 'vetrai_jobs_dead_letters',
      help: 'Jobs that failed for good and were not run again, by queue, 10,000 in all at most; every process tells the same.',
      labels: ['queue'],
      value: (row) => row.count,
    })
  }

  /** Watches the runs of workflows that are not over. */
  watchWorkflowRuns(count: () => Promise<{ status: string; count: number }[]>): void {
    this.#sample(count, {
      name: 'vetrai_workflow_runs',
      help: 'Runs of workflows that are not over, by status; every process tells the same.',
      labels: ['status'],
      value: (row) => row.count,
    })
  }

  /** Watches for how long the schedule that is due longest has been due. */
  watchSchedules(overdueS: () => Promise<number>): void {
    this.#sample(async () => [await overdueS()], {
      name: 'vetrai_schedules_overdue_seconds',
      help: 'For how long the schedule that is due longest has been due; every process tells the same.',
      value: (seconds) => seconds,
    })
  }

  /** Watches whether the installation rests. */
  watchMaintenance(isOn: () => boolean): void {
    this.#sample(() => [isOn() ? 1 : 0], {
      name: 'vetrai_maintenance',
      help: 'Whether a maintenance goes on: 1 while requests are refused and no background work begins; every process tells the same.',
      value: (isOnNow) => isOnNow,
    })
  }

  /** Watches how backups fare. */
  watchBackups(figures: () => Promise<BackupFigures>): void {
    const gauge = (name: string, help: string, value: (row: BackupFigures) => number | null) => ({
      name: `vetrai_backup_${name}`,
      help: `${help}; every process tells the same.`,
      value,
    })
    this.#sample(
      async () => [await figures()],
      gauge('last_success_timestamp_seconds', 'When the last backup was whole', (row) => row.lastSuccess),
      gauge('last_duration_seconds', 'How long the last whole backup took', (row) => row.lastDuration),
      gauge(
        'last_bytes',
        'Bytes of the last whole backup as stored, objects left out',
        (row) => row.lastBytes,
      ),
      gauge(
        'last_failure_timestamp_seconds',
        'When a backup failed or was missed last',
        (row) => row.lastFailure,
      ),
      gauge(
        'due_timestamp_seconds',
        'By when the next backup is to be whole, from its schedule; absent where there is none',
        (row) => row.due,
      ),
      gauge(
        'last_verified_restore_timestamp_seconds',
        'When a backup was last restored to see that it can be',
        (row) => row.lastVerifiedRestore,
      ),
      gauge('drill_duration_seconds', 'How long that took', (row) => row.drillDuration),
      gauge(
        'restore_due_timestamp_seconds',
        'By when a restore is to be proven again, from its schedule; absent where there is none',
        (row) => row.restoreDue,
      ),
      gauge(
        'base_last_success_timestamp_seconds',
        'When the newest base backup of the archive of the database was whole; absent without backup.wal',
        (row) => row.lastBaseSuccess,
      ),
      gauge(
        'base_last_failure_timestamp_seconds',
        'When a base backup failed last; absent without backup.wal',
        (row) => row.lastBaseFailure,
      ),
    )
  }

  /** Watches how many providers, or hosts behind a channel, this process leaves alone because they are down. */
  watchCircuits(open: () => { channel: string; count: number }[]): void {
    this.#sample(open, {
      name: 'vetrai_channel_circuits_open',
      help: 'Providers, or hosts behind a channel, that this process leaves alone for a while because they are down.',
      labels: ['channel'],
      value: ({ count }) => count,
    })
  }

  #counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return this.#register(new Counter({ name, help, labelNames, registers: [] }))
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[],
  ): Histogram<L> {
    return this.#register(new Histogram({ name, help, labelNames, buckets, registers: [] }))
  }

  /** Gauges that one question answers; where it has no answer there are no figures, rather than old ones. */
  #sample<Row, L extends string & keyof Row = never>(
    ask: () => Row[] | Promise<Row[]>,
    ...gauges: Sampled<Row, L>[]
  ): void {
    let asked: Promise<Row[]> | undefined
    const rows = () => {
      asked ??= Promise.resolve()
        .then(ask)
        .catch(() => [])
        .finally(() => {
          asked = undefined
        })
      return asked
    }
    for (const { name, help, labels = [], value } of gauges) {
      const gauge = new Gauge<string>({
        name,
        help,
        labelNames: labels,
        registers: [],
        async collect() {
          const found = await rows()
          gauge.reset()
          // Without labels it would be set to 0, which is an answer.
          if (labels.length === 0) gauge.remove()
          for (const row of found) {
            const figure = value(row)
            if (figure === null) continue
            gauge.set(Object.fromEntries(labels.map((label) => [label, String(row[label])])), figure)
          }
        },
      })
      this.#register(gauge)
    }
  }

  #register<M extends Histogram<string> | Gauge<string> | Counter<string>>(metric: M): M {
    this.registry.registerMetric(metric)
    return metric
  }
}
