import type { ChildOutcome } from '../kernel/job-handle.js'
import type { Database } from '../storage/database.js'
import type { ClaimedJob } from './claim.js'
import type { JobRef } from './job-row.js'

/** Lines one job keeps, and characters of a line. */
const LINES_MAX = 1_000
const LINE_MAX = 2_000
/** How long notes wait for others, in milliseconds. */
const DELAY_MS = 200

/** Runs a statement on rows of running jobs while no other one of this worker is under way. */
type Aside = (work: () => Promise<unknown>) => Promise<unknown>

interface Pending {
  job: JobRef & { fence: number }
  progress: { share: number; words?: string } | null
  lines: { at: Date; line: string }[]
}

/** Keeps what runs tell of themselves, many in one statement; whoever follows a job is told by `onKept`. */
export class Notes {
  readonly #db: Database
  readonly #onKept: (jobs: readonly JobRef[]) => void
  readonly #onError: (error: unknown) => void
  readonly #aside: Aside
  #pending = new Map<string, Pending>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  /** Jobs whose notes are being written. */
  readonly #written = new Set<string>()

  constructor(
    db: Database,
    options: {
      onKept: (jobs: readonly JobRef[]) => void
      onError: (error: unknown) => void
      aside: Aside
    },
  ) {
    this.#db = db
    this.#onKept = options.onKept
    this.#onError = options.onError
    this.#aside = options.aside
  }

  progress(job: ClaimedJob, share: number, words?: string): void {
    const clean = words === undefined ? {} : { words: cleanLine(words) }
    this.#of(job).progress = { share, ...clean }
  }

  log(job: ClaimedJob, line: string): void {
    const { lines } = this.#of(job)
    if (lines.length < LINES_MAX) lines.push({ at: new Date(), line: cleanLine(line) })
  }

  /** Writes all that was noted so far; never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#pending.size === 0) return this.#writing
    const notes = [...this.#pending.values()]
    this.#pending = new Map()
    for (const { job } of notes) this.#written.add(job.id)
    const writing = this.#writing
      .then(() => this.#write(notes))
      .catch(this.#onError)
      .then(() => {
        if (this.#writing === writing) this.#written.clear()
      })
    this.#writing = writing
    return writing
  }

  /** Writes what a job told before it is settled: whoever sees its end sees all of it. */
  async completeFor({ id }: JobRef): Promise<void> {
    if (this.#pending.has(id)) await this.flush()
    else if (this.#written.has(id)) await this.#writing
  }

  #of(job: ClaimedJob): Pending {
    const known = this.#pending.get(job.id)
    if (known) return known
    const made: Pending = {
      job: { tenantId: job.tenantId, id: job.id, fence: job.fence },
      progress: null,
      lines: [],
    }
    this.#pending.set(job.id, made)
    this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS)
    return made
  }

  async #write(notes: readonly Pending[]): Promise<void> {
    const lines = notes.flatMap(({ job, lines: own }) => own.map((one) => ({ ...job, ...one })))
    if (lines.length > 0) {
      await this.#db.readSystem({
        name: 'jobs-add-lines',
        text: `insert into job_logs (tenant_id, job_id, sequence, line, created_at)
          select * from (
            select n.tenant_id, n.id, k.last + row_number() over (partition by n.id order by n.place) as sequence, n.line, n.at
            from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) with ordinality n (tenant_id, id, line, at, place)
            cross join lateral (select coalesce(max(sequence), 0) as last from job_logs
              where tenant_id = n.tenant_id and job_id = n.id) k) one
          where sequence <= ${LINES_MAX} on conflict do nothing`,
        values: [
          lines.map((line) => line.tenantId),
          lines.map((line) => line.id),
          lines.map((line) => line.line),
          lines.map((line) => line.at),
        ],
      })
    }
    const told = notes.filter(({ progress }) => progress !== null)
    if (told.length > 0) {
      await this.#aside(() =>
        this.#db.readSystem({
          name: 'jobs-keep-progress',
          text: `update worker_jobs j set progress = n.progress
            from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::jsonb[]) n (tenant_id, id, fence, progress)
            where j.tenant_id = n.tenant_id and j.id = n.id and j.fence = n.fence`,
          values: [
            told.map(({ job }) => job.tenantId),
            told.map(({ job }) => job.id),
            told.map(({ job }) => job.fence),
            told.map(({ progress }) => JSON.stringify(progress)),
          ],
        }),
      )
    }
    this.#onKept(notes.map(({ job }) => job))
  }
}

function cleanLine(text: string): string {
  // Cut first: that may leave half of a character.
  return text.slice(0, LINE_MAX).replace(/[\p{Cc}\p{Cs}]+/gu, ' ')
}

/** How the children of a job ended, in the order they were enqueued. */
export function readChildren(db: Database, job: JobRef): Promise<ChildOutcome[]> {
  return db.readSystem<ChildOutcome & Record<string, unknown>>({
    name: 'jobs-read-children',
    text: `select id, kind, status, result, error from worker_jobs where tenant_id = $1 and parent_id = $2 order by id`,
    values: [job.tenantId, job.id],
  })
}
