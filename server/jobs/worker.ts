import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Resources } from '../kernel/resources.js'
import type { Claimant, ClaimedJob } from './claim.js'
import { Claims, type Room } from './claims.js'
import { CANCEL_TOPIC, DUE_TOPIC, type LocalWorker, PASSED_TOPIC } from './jobs.js'
import { renewLeases } from './leases.js'
import { Lookout } from './lookout.js'
import { Notes } from './notes.js'
import { type Run, type RunEnd, STOP_GRACE_MS, type StopReason, startRun } from './run-job.js'
import type { Settlement } from './settle.js'
import { Settler } from './settler.js'
import { Vacuum } from './vacuum.js'
import type { Hint } from './wire.js'

export interface WorkerOptions {
  /** Jobs at the same time. */
  concurrency: number
  /** Milliseconds after which a job of a process that died is taken by another. */
  leaseMs: number
  /** Milliseconds between looks for what no hint told of. */
  lookMs: number
  /** Milliseconds that a run told to stop may take before it is left to itself; 5,000 when left out. */
  stopGraceMs?: number
}

/** Claimed jobs that wait in memory may take this long to be begun: more would let a tenant's jobs hold up another's. */
const AHEAD_MS = 5
/** How many of them there are at most. */
const AHEAD_MAX = 250
/** Runs not yet settled at which no further job is claimed, as a multiple of the concurrency. */
const UNSETTLED_FACTOR = 20

/**
 * Runs jobs. One claim and one settlement are under way at a time: what comes meanwhile goes into the next, so that
 * under load each statement serves many jobs and when idle none waits. Everything it holds in memory may be lost:
 * leases end, and another worker takes over under a newer fencing token.
 */
export class Worker implements LocalWorker {
  readonly #resources: Resources
  readonly #options: WorkerOptions
  readonly #claimant: Claimant
  readonly #claims: Claims
  readonly #settler: Settler
  readonly #lookout: Lookout
  readonly #notes: Notes
  readonly #vacuum: Vacuum

  readonly #runs = new Map<string, Run>()
  /** Claimed and not begun. */
  readonly #ahead: ClaimedJob[] = []
  #begun = 0
  #averageMs = 50
  #claiming: Promise<void> | undefined
  #renewedAt = performance.now()
  #timers: NodeJS.Timeout[] = []
  #roomWaiters: (() => void)[] = []
  readonly #detach: (() => void)[] = []
  #stopping = false

  constructor(resources: Resources, options: WorkerOptions) {
    const worker = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`
    this.#resources = resources
    this.#options = options
    this.#claimant = { worker, leaseMs: options.leaseMs }
    this.#claims = new Claims(resources, this.#claimant, () => this.#kick())
    this.#settler = new Settler(resources)
    this.#lookout = new Lookout(resources, () => this.#tryEverything())
    this.#detach.push(resources.jobs.attach(this))
    this.#vacuum = new Vacuum(resources.db)
    this.#notes = new Notes(resources.db, {
      onKept: (jobs) => resources.jobs.changed(jobs),
      onError: (err) => resources.log.warn({ err }, 'notes of jobs were not kept'),
      aside: (work) => this.#settler.aside(work),
    })
  }

  /** Takes hints, looks for waiting jobs at once and then now and then, and renews leases. */
  start(): void {
    const { jobs, bus, maintenance } = this.#resources
    this.#detach.push(
      maintenance.onChange((isOn) => (isOn ? this.#giveBack() : this.#resume())),
      bus.subscribe(CANCEL_TOPIC, (id) => this.#stop(id, 'cancelled')),
      bus.subscribe(DUE_TOPIC, (time) => this.dueAt(Number(time))),
      bus.subscribe(PASSED_TOPIC, (kind) => {
        if (this.room > 0) this.take({ kind, jobs: [] })
      }),
    )
    this.#detach.push(jobs.wire.listen((hint) => this.#takeFar(hint)))
    const { leaseMs, lookMs } = this.#options
    const renew = setInterval(() => void this.#renew(), leaseMs / 3)
    // Not all at the same moment: processes are often started together.
    const look = setInterval(() => void this.#lookout.look(), lookMs * (0.9 + Math.random() * 0.2))
    this.#timers = [renew.unref(), look.unref()]
    void this.#lookout.look()
  }

  get room(): number {
    if (this.#holdsOff) return 0
    return this.#options.concurrency - this.#runs.size - this.#ahead.length
  }

  take(hint: Hint): void {
    this.#claims.offer(hint, this.#options.concurrency)
    this.#kick()
  }

  dueAt(time: number): void {
    this.#lookout.dueAt(time)
  }

  settled(settlements: readonly Settlement[]): void {
    for (const { job, outcome } of settlements) {
      this.#claims.tryKind(job.kind)
      if (outcome.status === 'later') this.dueAt(Date.now() + outcome.afterMs)
      if (outcome.status === 'released') this.#claims.tryBacklog()
    }
    this.#kick()
  }

  /** Runs everything that is due and all that it brings about; answers whether there was anything. For tests. */
  async runUntilIdle(): Promise<boolean> {
    for (let hasRun = false; ; hasRun = true) {
      const before = this.#begun
      await this.#lookout.promote()
      await this.#lookout.reclaim()
      this.#tryEverything()
      for (;;) {
        const busy = this.#claiming ?? this.#settler.working ?? this.#anyEnd()
        if (!busy) break
        await busy
        await new Promise((resolve) => setImmediate(resolve))
      }
      await this.#notes.flush()
      if (this.#begun === before) return hasRun
    }
  }

  /**
   * Begins no further job, gives back those not begun, waits for the others until `graceMs` have passed, tells the
   * rest to stop and gives them back too, so that another worker has them at once.
   */
  async close(graceMs: number): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    for (const detach of this.#detach) detach()
    this.#lookout.close()
    for (const waiter of this.#roomWaiters.splice(0)) waiter()
    await this.#claiming
    this.#giveBack()
    await Promise.race([this.#allEnds(), sleep(graceMs)])
    for (const run of this.#runs.values()) run.stop('shutdown')
    await this.#allEnds()
    await this.#settler.drain(this.#options.leaseMs)
    await this.#notes.flush()
    await this.#resources.jobs.sent()
    for (const timer of this.#timers) clearInterval(timer)
  }

  /** What was claimed and not begun is anybody's again. */
  #giveBack(): void {
    for (const job of this.#ahead.splice(0)) this.#settler.add({ job, outcome: { status: 'released' } })
  }

  #resume(): void {
    for (const waiter of this.#roomWaiters.splice(0)) waiter()
    this.#tryEverything()
    void this.#lookout.look()
  }

  #tryEverything(): void {
    this.#claims.tryEverything()
    this.#kick()
  }

  /**
   * A hint off the wire is acknowledged when there is room, so that meanwhile another worker can have the next; of
   * this one the others are told.
   */
  async #takeFar(hint: Hint): Promise<void> {
    if (this.room <= 0) this.#resources.jobs.pass(hint.kind)
    while (!this.#stopping && this.room <= 0 && !this.#claims.hasBacklog) {
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve))
    }
    this.take(hint)
  }

  /** Nothing is to be begun now. */
  get #holdsOff(): boolean {
    return this.#stopping || this.#isClogged || this.#resources.maintenance.isOn
  }

  get #isClogged(): boolean {
    return this.#settler.waiting.length > this.#options.concurrency * UNSETTLED_FACTOR
  }

  /** How many jobs to claim now: free places, and some ahead where jobs are short. */
  #room(): Room {
    if (this.#holdsOff) return { wanted: 0, free: 0 }
    const { concurrency } = this.#options
    const most = Math.min(AHEAD_MAX, Math.floor((AHEAD_MS / this.#averageMs) * concurrency))
    const free = concurrency - this.#runs.size - this.#ahead.length
    const wanted = free + most
    // Many small claims cost more than few large ones.
    return { free, wanted: free <= 0 && wanted < most / 2 ? 0 : wanted }
  }

  #kick(): void {
    if (this.#claiming || this.#stopping || !this.#claims.canTry(this.#room())) return
    this.#claiming = this.#claim().finally(() => {
      this.#claiming = undefined
      this.#kick()
    })
  }

  async #claim(): Promise<void> {
    for (let room = this.#room(); this.#claims.canTry(room); room = this.#room()) {
      try {
        const jobs = await this.#claims.next(room)
        this.#vacuum.count(jobs.length)
        this.#ahead.push(...jobs)
        if (this.#resources.maintenance.isOn) this.#giveBack()
        this.#beginNext()
      } catch (err) {
        this.#resources.log.warn({ err }, 'jobs: a claim failed')
        await sleep(250)
        this.#claims.tryEverything()
      }
    }
  }

  #beginNext(): void {
    while (this.#runs.size < this.#options.concurrency && !this.#stopping) {
      const job = this.#ahead.shift()
      if (!job) return
      this.#begin(job)
    }
  }

  #begin(job: ClaimedJob): void {
    const { metrics, jobs } = this.#resources
    const record = jobs.kinds.get(job.kind)
    // Only known kinds are claimed.
    if (!record) return
    this.#begun += 1
    const startedAt = performance.now()
    metrics.jobWait.observe({ queue: record.queue }, Math.max(0, Date.now() - job.readyAt.getTime()) / 1000)
    const { stopGraceMs = STOP_GRACE_MS } = this.#options
    const run = startRun(this.#resources, record, job, { notes: this.#notes, stopGraceMs })
    this.#runs.set(job.id, run)
    void run.ended.then((end) => {
      this.#runs.delete(job.id)
      const ms = performance.now() - startedAt
      this.#averageMs += (ms - this.#averageMs) * 0.05
      metrics.jobRuns.observe({ kind: job.kind, outcome: wordFor(end) }, ms / 1000)
      if (typeof end === 'object') this.#settler.add({ job, outcome: end })
      this.#beginNext()
      this.#roomWaiters.shift()?.()
      this.#kick()
    })
  }

  async #renew(): Promise<void> {
    const held = [
      ...[...this.#runs.values()].map((run) => run.job),
      ...this.#ahead,
      ...this.#settler.waiting.map(({ job }) => job),
    ]
    const askedAt = performance.now()
    if (held.length > 0) {
      try {
        const kept = await this.#settler.aside(() => renewLeases(this.#resources.db, this.#claimant, held))
        const known = new Map(kept.map((job) => [job.id, job]))
        for (const { id, fence } of held) {
          const job = known.get(id)
          if (!job) this.#stop(id, 'lost', fence)
          else if (job.isCancelled) this.#stop(id, 'cancelled', fence)
        }
      } catch (err) {
        this.#resources.log.warn({ err }, 'jobs: leases were not renewed')
        // By now another worker may have them.
        if (askedAt - this.#renewedAt > this.#options.leaseMs) {
          for (const { id, fence } of held) this.#stop(id, 'lost', fence)
        }
        return
      }
    }
    this.#renewedAt = askedAt
  }

  /** Stops a job this worker holds; with `fence` only the run under that one, since by now it may have the next. */
  #stop(id: string, reason: StopReason, fence?: number): void {
    const isMeant = (job: ClaimedJob) => job.id === id && (fence === undefined || job.fence === fence)
    const run = this.#runs.get(id)
    if (run && isMeant(run.job)) run.stop(reason)
    const at = this.#ahead.findIndex(isMeant)
    const [job] = at < 0 ? [] : this.#ahead.splice(at, 1)
    if (job && reason === 'cancelled') {
      this.#settler.add({ job, outcome: { status: 'cancelled', error: null } })
    }
  }

  #anyEnd(): Promise<unknown> | undefined {
    const ends = [...this.#runs.values()].map((run) => run.ended)
    return ends.length > 0 ? Promise.race(ends) : undefined
  }

  #allEnds(): Promise<unknown> {
    return Promise.all([...this.#runs.values()].map((run) => run.ended))
  }
}

/** How a run ended, in the word that metrics have for it. */
function wordFor(end: RunEnd): string {
  if (typeof end === 'string') return end === 'settled' ? 'succeeded' : end
  return end.status === 'later' && !end.isFree ? 'retried' : end.status
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
