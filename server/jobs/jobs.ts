import type { JobRecord } from '../kernel/define-job.js'
import type { Bus } from '../storage/bus.js'
import type { JobRef, ReadyJob } from './job-row.js'
import type { Settlement } from './settle.js'
import type { Hint, Wire } from './wire.js'

/** Topic: somebody asked for a running job's end; the message is its id. */
export const CANCEL_TOPIC = 'jobs.cancel'
/** Topic: jobs changed; the message is their ids. Hints for who follows a job; under load they are left out. */
export const CHANGED_TOPIC = 'jobs.changed'
/** Topic: a job is due at this time (milliseconds since 1970), earlier than any told of before. */
export const DUE_TOPIC = 'jobs.due'

/** Topic: jobs of this kind wait, and the worker that was told of them has no place for them. */
export const PASSED_TOPIC = 'jobs.passed'

/** What a worker of this process does for those who enqueue in it. */
export interface LocalWorker {
  /** How many more jobs it could begin now. */
  readonly room: number
  take(hint: Hint): void
  dueAt(time: number): void
  settled(settlements: readonly Settlement[]): void
}

/** Ids one message on the wire carries at most, so that several workers get a share of many. */
const IDS_MAX = 25
/** Jobs that a change is told of one by one; in larger batches who follows one looks by itself. */
const TOLD_MAX = 20
/** How long kinds that are passed on wait for others, in milliseconds. */
const PASS_MS = 10

/**
 * Hands jobs to workers. Everything it does is a hint, given after the commit: the rows in PostgreSQL are the
 * truth, and workers look for what no hint told them of.
 */
export class Jobs {
  readonly #wire: Wire
  readonly #bus: Bus
  readonly #kinds: ReadonlyMap<string, JobRecord>
  #worker: LocalWorker | undefined
  #ready = new Map<string, JobRef[]>()
  #isFlushing = false
  #announcedDue = Number.POSITIVE_INFINITY
  readonly #passed = new Set<string>()
  #sending: Promise<unknown> = Promise.resolve()

  constructor({ wire, bus, kinds }: { wire: Wire; bus: Bus; kinds: readonly JobRecord[] }) {
    this.#wire = wire
    this.#bus = bus
    this.#kinds = new Map(kinds.map((job) => [job.name, job]))
  }

  /** Every kind of job that this server knows, by name. */
  get kinds(): ReadonlyMap<string, JobRecord> {
    return this.#kinds
  }

  get wire(): Wire {
    return this.#wire
  }

  /** Has the worker of this process served first; answers how to stop. */
  attach(worker: LocalWorker): () => void {
    this.#worker = worker
    return () => {
      if (this.#worker === worker) this.#worker = undefined
    }
  }

  /** Tells of jobs of one kind that were just committed; `later` is when they are due, where that is not now. */
  offer(kind: string, jobs: readonly JobRef[], later: Date | null = null): void {
    if (later && later.getTime() > Date.now()) {
      this.#announceDue(later.getTime())
      return
    }
    const waiting = this.#ready.get(kind)
    if (waiting) waiting.push(...jobs)
    else this.#ready.set(kind, [...jobs])
    if (this.#isFlushing) return
    this.#isFlushing = true
    // What else is committed in this turn of the event loop goes along.
    setImmediate(() => this.#flush())
  }

  /** Has a worker look for whatever waits of a kind. */
  wake(kind: string): void {
    const hint = { kind, jobs: [] }
    this.#worker?.take(hint)
    void this.#wire.send([hint])
  }

  /** Like `offer`, for jobs of several kinds. */
  offerAll(jobs: readonly ReadyJob[]): void {
    for (const { kind, tenantId, id, runAt } of jobs) this.offer(kind, [{ tenantId, id }], runAt ?? null)
  }

  /** Tells every worker with a free place that jobs of a kind wait which this process has none for. */
  pass(kind: string): void {
    if (this.#passed.size === 0) {
      setTimeout(() => {
        for (const one of this.#passed) this.#bus.publish(PASSED_TOPIC, one)
        this.#passed.clear()
      }, PASS_MS)
    }
    this.#passed.add(kind)
  }

  /** Tells of jobs that ended, whoever settled them, of those that were given back and of those their end set free. */
  settled(settlements: readonly Settlement[], freed: readonly ReadyJob[]): void {
    this.#worker?.settled(settlements)
    this.offerAll(freed)
    for (const { job, outcome } of settlements) {
      if (outcome.status === 'released') this.offer(job.kind, [{ tenantId: job.tenantId, id: job.id }])
    }
    this.changed(settlements.map(({ job }) => job))
  }

  /** Tells who follows these jobs that there is something new. */
  changed(jobs: readonly JobRef[]): void {
    if (jobs.length === 0 || jobs.length > TOLD_MAX) return
    this.#bus.publish(CHANGED_TOPIC, jobs.map(({ id }) => id).join(' '))
  }

  /** Has a running job told to stop, in whatever process it runs. */
  cancel(id: string): void {
    this.#bus.publish(CANCEL_TOPIC, id)
  }

  #announceDue(time: number): void {
    this.#worker?.dueAt(time)
    if (this.#announcedDue > Date.now() && time >= this.#announcedDue) return
    this.#announcedDue = time
    this.#bus.publish(DUE_TOPIC, String(time))
  }

  #flush(): void {
    this.#isFlushing = false
    const ready = this.#ready
    this.#ready = new Map()
    const hints: Hint[] = []
    for (const [kind, jobs] of ready) {
      for (let at = 0; at < jobs.length; at += IDS_MAX) {
        hints.push({ kind, jobs: jobs.slice(at, at + IDS_MAX) })
      }
    }
    const far: Hint[] = []
    let room = this.#worker?.room ?? 0
    for (const hint of hints) {
      if (this.#worker && room >= hint.jobs.length) {
        room -= hint.jobs.length
        this.#worker.take(hint)
      } else far.push(hint)
    }
    if (far.length === 0) return
    this.#sending = this.#wire.send(far).then((isSent) => {
      // Without Redis the worker of this process is the only one that can be told.
      if (!isSent) for (const hint of far) this.#worker?.take(hint)
    })
  }

  /** Resolves when all that was offered until now is on its way. */
  async sent(): Promise<void> {
    while (this.#isFlushing) await new Promise((resolve) => setImmediate(resolve))
    await this.#sending
  }
}
