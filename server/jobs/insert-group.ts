import type { JobRecord } from '../kernel/define-job.js'
import { newId } from '../kernel/ids.js'
import type { Database } from '../storage/database.js'
import { isBehindGate } from '../storage/maintenance-gate.js'
import { laneOf } from './enqueue.js'
import type { Jobs } from './jobs.js'

/** A job that needs nothing of its caller's transaction: no unique key, no children. */
export interface LoneJob {
  record: JobRecord
  /** Already parsed by its kind. */
  payload: unknown
  priority: number
  attempts: number
  runAt: Date | null
  delayMs: number
  createdBy: string
  requestId: string
}

/** What the database made of it. */
export interface StoredJob {
  id: string
  status: 'scheduled' | 'queued'
  runAt: Date
  createdAt: Date
}

interface Waiting {
  id: string
  job: LoneJob
  /** It is a request's, and must not be kept once a maintenance has begun. */
  isGated: boolean
  resolve: (stored: StoredJob) => void
  reject: (error: unknown) => void
}

/** Jobs of one statement. */
const AT_ONCE = 500

/**
 * Stores jobs that requests make, those of one tenant that come at the same time in one statement and one commit.
 * Each caller is answered once its own job is committed; an error is everybody's of that statement.
 */
export class InsertGroup {
  readonly #db: Database
  readonly #jobs: Jobs
  readonly #waiting = new Map<string, Waiting[]>()

  constructor(db: Database, jobs: Jobs) {
    this.#db = db
    this.#jobs = jobs
  }

  add(tenantId: string, job: LoneJob): Promise<StoredJob> {
    return new Promise((resolve, reject) => {
      const one = { id: newId(), job, isGated: isBehindGate(), resolve, reject }
      const waiting = this.#waiting.get(tenantId)
      if (waiting) waiting.push(one)
      else {
        this.#waiting.set(tenantId, [one])
        // After the requests that arrived together.
        setImmediate(() => void this.#work(tenantId))
      }
    })
  }

  async #work(tenantId: string): Promise<void> {
    for (;;) {
      const batch = this.#waiting.get(tenantId)?.splice(0, AT_ONCE) ?? []
      if (batch.length === 0) {
        this.#waiting.delete(tenantId)
        return
      }
      try {
        await this.#store(tenantId, batch)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
  }

  async #store(tenantId: string, batch: readonly Waiting[]): Promise<void> {
    const statement = {
      name: 'jobs-insert-group',
      text: INSERT,
      values: [
        batch.map(({ id }) => id),
        batch.map(({ job }) => job.record.queue),
        batch.map(({ job }) => job.record.name),
        batch.map(({ job }) => JSON.stringify(job.payload)),
        batch.map(({ job }) => laneOf(job.record, job.payload)),
        batch.map(({ job }) => job.priority),
        batch.map(({ job }) => job.attempts),
        batch.map(({ job }) => job.runAt),
        batch.map(({ job }) => job.delayMs),
        batch.map(({ job }) => job.createdBy),
        batch.map(({ job }) => job.requestId),
      ],
    }
    const isGated = batch.some((one) => one.isGated)
    const rows = await this.#db.writeTenant<StoredJob & Record<string, unknown>>(tenantId, statement, isGated)
    const stored = new Map(rows.map((row) => [row.id, row]))
    for (const { id, job, resolve, reject } of batch) {
      const row = stored.get(id)
      if (!row) {
        reject(new TypeError('a job was not stored'))
        continue
      }
      resolve(row)
      this.#jobs.offer(job.record.name, [{ tenantId, id }], row.status === 'scheduled' ? row.runAt : null)
    }
  }
}

const INSERT = `
  insert into worker_jobs (tenant_id, id, queue, kind, payload, lane, priority, max_attempts, run_at, status,
    created_by, request_id)
  select ctx.t::uuid, n.id, n.queue, n.kind, n.payload, n.lane, n.priority, n.attempts, w.at,
    case when w.at > now() then 'scheduled' else 'queued' end, n.created_by, n.request_id
  from ctx cross join unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::smallint[],
      $8::integer[], $9::timestamptz[], $10::double precision[], $11::text[], $12::text[])
      n (id, queue, kind, payload, lane, priority, attempts, run_at, delay_ms, created_by, request_id)
    cross join lateral (select coalesce(n.run_at, now() + make_interval(secs => n.delay_ms / 1000)) as at) w
  returning id, status, run_at as "runAt", created_at as "createdAt"`
