import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { JobRecord } from '../kernel/define-job.js'
import type { Resources } from '../kernel/resources.js'
import { type Claimant, type ClaimedJob, claimInTurn, claimLimited, claimOffered } from './claim.js'
import { INSTALLATION, type JobRef } from './job-row.js'
import { CANCEL_TOPIC, DUE_TOPIC, type LocalWorker } from './jobs.js'
import { lookAround, promoteDue, reclaimLapsed, renewLeases } from './leases.js'
import { Notes } from './notes.js'
import { pauseMs, type Run, type StopReason, startRun } from './run-job.js'
import { type Settlement, settle } from './settle.js'
import type { Hint } from './wire.js'

export interface WorkerOptions {
  /** Jobs at the same time. */
  concurrency: number
  /** Milliseconds after which a job of a process that died is taken by another. */
  leaseMs: number
  /** Milliseconds between looks for what no hint told of. */
  lookMs: number
}

/** Claimed jobs that wait in memory may take this long to be begun: more would let a tenant's jobs hold up another's. */
const AHEAD_MS = 5
/** How many of them there are at most, as a multiple of the concurrency. */
const AHEAD_FACTOR = 4
/** Settlements waiting for the database at which no further job is claimed, as a multiple of the concurrency. */
const UNSETTLED_FACTOR = 20
/** Settlements of one statement. */
const SETTLE_MAX = 500
/** Longest a timer waits; the look does the rest. */
const TIMER_MAX_MS = 60_000

/**
 * Runs jobs. One claim and one settlement are under way at a time: what comes meanwhile goes into the next, so that
 * under load each statement serves many jobs and when idle none waits. Everything it holds in memory may be lost:
 * leases end, and another worker takes over under a newer fencing token.
 */
export class Worker implements LocalWorker {
  readonly #resources: Resources
  readonly #options: WorkerOptions
  readonly #claimant: Claimant
  readonly #open: JobRecord[]
  readonly #limited: JobRecord[]
  readonly #notes: Notes

  readonly #runs = new Map<string, Run>()
  readonly #ahead: ClaimedJob[] = []
  readonly #unsettled: Settlement[] = []

  /** Jobs of kinds without limits that a hint told of. */
  readonly #offered = new Map<string, JobRef>()
  /** There may be more waiting than hints tell of. */
  #hasBacklog = false
  /** Limited kinds that may have something to begin. */
  readonly #toTry = new Set<JobRecord>()
  #cursor = INSTALLATION
  #limitedFirst = false

  #claiming: Promise<void> | undefined
  #claimAgain = false
  #settling: Promise<void> | undefined
  #renewing: Promise<void> = Promise.resolve()
  #renewedAt = 0
  #averageMs = 50
  #begun = 0
  #dueTimer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY
  #timers: NodeJS.Timeout[] = []
  #roomWaiters: (() => void)[] = []
  #stopping = false
  #detach: (() => void)[] = []

  constructor(resources: Resources, options: WorkerOptions) {
    this.#resources = resources
    this.#options = options
    this.#claimant = {
      worker: `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`,
      leaseMs: options.leaseMs,
    }
    const kinds = [...resources.jobs.kinds.values()]
    this.#limited = kinds.filter(isLimited)
    this.#open = kinds.filter((kind) => !isLimited(kind))
    this.#notes = new Notes(resources.db, {
      onKept: (jobs) => resources.jobs.changed(jobs),
      onError: (err) => resources.log.warn({ err }, 'notes of jobs were not kept'),
    })
  }

  /** Takes hints, looks for waiting jobs at once and then now and then, and renews leases. */
  start(): void {
    const { jobs, bus } = this.#resources
    this.#detach = [
      jobs.attach(this),
      bus.subscribe(CANCEL_TOPIC, (id) => this.#runs.get(id)?.stop('cancelled')),
      bus.subscribe(DUE_TOPIC, (time) => this.dueAt(Number(time))),
    ]
    jobs.wire.listen((hint) => this.#takeFar(hint))
    const { leaseMs, lookMs } = this.#options
    const renew = setInterval(() => void this.#renew(), leaseMs / 3)
    const look = setInterval(() => void this.look(), lookMs * (0.9 + Math.random() * 0.2))
    for (const timer of [renew, look]) timer.unref()
    this.#timers = [renew, look]
    void this.look()
  }

  get room(): number {
    if (this.#stopping) return 0
    const isClogged = this.#unsettled.length > this.#options.concurrency * UNSETTLED_FACTOR
    return isClogged ? 0 : this.#options.concurrency - this.#runs.size - this.#ahead.length
  }

  take({ kind, jobs }: Hint): void {
    const record = this.#resources.jobs.kinds.get(kind)
    if (!record) return
    if (isLimited(record)) this.#toTry.add(record)
    else if (this.#hasBacklog || this.#offered.size + jobs.length > this.#options.concurrency) {
      // Taking turns finds them all.
      this.#hasBacklog = true
      this.#offered.clear()
    } else for (const job of jobs) this.#offered.set(job.id, job)
    this.#kick()
  }

  dueAt(time: number): void {
    if (this.#stopping || time >= this.#dueAt) return
    this.#dueAt = time
    clearTimeout(this.#dueTimer)
    const wait = Math.min(TIMER_MAX_MS, Math.max(0, time - Date.now()))
    this.#dueTimer = setTimeout(() => void this.#promote(), wait)
    this.#dueTimer.unref()
  }

  settled(settlements: readonly Settlement[]): void {
    for (const { job, outcome } of settlements) {
      const record = this.#resources.jobs.kinds.get(job.kind)
      if (record && isLimited(record)) this.#toTry.add(record)
      if (outcome.status === 'later') this.dueAt(Date.now() + outcome.afterMs)
      if (outcome.status === 'released') this.#hasBacklog = true
    }
    this.#kick()
  }

  /** Looks for jobs that wait, lapsed or are due soon. Never rejects. */
  async look(): Promise<void> {
    if (this.#stopping) return
    try {
      const { hasWaiting, hasLapsed, nextDueMs } = await lookAround(this.#resources.db)
      if (hasLapsed) await this.#reclaim()
      if (hasWaiting) this.#tryEverything()
      if (nextDueMs !== null) this.dueAt(Date.now() + nextDueMs)
    } catch (err) {
      this.#resources.log.warn({ err }, 'jobs: the look for waiting jobs failed')
    }
  }

  /** Runs everything that is due and all that it brings about; answers whether there was anything. For tests. */
  async runUntilIdle(): Promise<boolean> {
    for (let hasRun = false; ; hasRun = true) {
      await this.#promote()
      await this.#reclaim()
      this.#tryEverything()
      const before = this.#begun
      while (this.#claiming || this.#runs.size > 0 || this.#settling) {
        await (this.#claiming ??
          this.#settling ??
          Promise.race([...this.#runs.values()].map((run) => run.ended)))
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
    clearTimeout(this.#dueTimer)
    for (const waiter of this.#roomWaiters.splice(0)) waiter()
    await this.#claiming
    for (const job of this.#ahead.splice(0)) this.#unsettled.push({ job, outcome: { status: 'released' } })
    this.#settle()
    const runs = () => Promise.allSettled([...this.#runs.values()].map((run) => run.ended))
    await Promise.race([runs(), sleep(graceMs)])
    for (const run of this.#runs.values()) run.stop('shutdown')
    await runs()
    while (this.#settling) await this.#settling
    await this.#notes.flush()
    for (const timer of this.#timers) clearInterval(timer)
    await this.#renewing
  }

  #tryEverything(): void {
    this.#hasBacklog = true
    for (const kind of this.#limited) this.#toTry.add(kind)
    this.#kick()
  }

  /** A hint off the wire is acknowledged when there is room, so that meanwhile another worker can have the next. */
  async #takeFar(hint: Hint): Promise<void> {
    while (!this.#stopping && this.room <= 0 && !this.#hasBacklog) {
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve))
    }
    this.take(hint)
  }

  #kick(): void {
    this.#claimAgain = true
    if (this.#claiming || this.#stopping) return
    this.#claiming = this.#claimLoop().finally(() => {
      this.#claiming = undefined
      if (this.#claimAgain && !this.#stopping && this.#hasWork() && this.#wanted() > 0) this.#kick()
    })
  }

  #hasWork(): boolean {
    return this.#hasBacklog || this.#offered.size > 0 || this.#toTry.size > 0
  }

  /** How many jobs to claim now: free places, and some ahead where jobs are short. */
  #wanted(): number {
    const { concurrency } = this.#options
    if (this.#stopping || this.#unsettled.length > concurrency * UNSETTLED_FACTOR) return 0
    const ahead = Math.min(AHEAD_FACTOR * concurrency, Math.floor((AHEAD_MS / this.#averageMs) * concurrency))
    const wanted = concurrency + ahead - this.#runs.size - this.#ahead.length
    // Many small claims cost more than few large ones.
    return this.#runs.size >= concurrency && wanted < ahead / 2 ? 0 : wanted
  }

  async #claimLoop(): Promise<void> {
    while (!this.#stopping && this.#hasWork()) {
      this.#claimAgain = false
      const wanted = this.#wanted()
      if (wanted <= 0) return
      try {
        this.#begin(await this.#claim(wanted))
      } catch (err) {
        // What waits is found by the next look.
        this.#resources.log.warn({ err }, 'jobs: a claim failed')
        await sleep(250)
        this.#hasBacklog = true
        return
      }
    }
  }

  /** Claims by one of the ways there are; the way without a claim loses its turn. */
  async #claim(wanted: number): Promise<ClaimedJob[]> {
    this.#limitedFirst = !this.#limitedFirst
    const hasOpen = this.#hasBacklog || this.#offered.size > 0
    const free = this.#options.concurrency - this.#runs.size - this.#ahead.length
    const [kind] = this.#toTry
    if (kind && free > 0 && (this.#limitedFirst || !hasOpen)) return this.#claimOfKind(kind, free)
    if (this.#hasBacklog) return this.#claimBacklog(wanted)
    if (this.#offered.size > 0) return this.#claimHinted(wanted)
    if (kind && free <= 0) {
      // Limited jobs are never held ahead: they would keep others of their kind from running elsewhere.
      await Promise.race([...this.#runs.values()].map((run) => run.ended))
    }
    return []
  }

  async #claimOfKind(kind: JobRecord, free: number): Promise<ClaimedJob[]> {
    this.#toTry.delete(kind)
    const { jobs, openAgainMs } = await claimLimited(this.#resources.db, this.#claimant, kind, {
      most: free,
      cursor: this.#cursor,
    })
    if (jobs.length === free) this.#toTry.add(kind)
    else if (openAgainMs !== null) {
      setTimeout(() => {
        this.#toTry.add(kind)
        this.#kick()
      }, openAgainMs + 5).unref()
    }
    return jobs
  }

  async #claimBacklog(wanted: number): Promise<ClaimedJob[]> {
    this.#offered.clear()
    const jobs = await claimInTurn(this.#resources.db, this.#claimant, this.#open, {
      most: wanted,
      cursor: this.#cursor,
    })
    if (jobs.length === 0) this.#hasBacklog = false
    const last = jobs.at(-1)
    if (last) this.#cursor = last.tenantId
    return jobs
  }

  async #claimHinted(wanted: number): Promise<ClaimedJob[]> {
    const offered = [...this.#offered.values()].slice(0, wanted)
    for (const { id } of offered) this.#offered.delete(id)
    return claimOffered(this.#resources.db, this.#claimant, this.#open, offered)
  }

  #begin(jobs: readonly ClaimedJob[]): void {
    this.#ahead.push(...jobs)
    this.#beginNext()
  }

  #beginNext(): void {
    while (this.#runs.size < this.#options.concurrency && !this.#stopping) {
      const job = this.#ahead.shift()
      if (!job) return
      this.#run(job)
    }
  }

  #run(job: ClaimedJob): void {
    const record = this.#resources.jobs.kinds.get(job.kind)
    if (!record) return
    const { metrics } = this.#resources
    const startedAt = performance.now()
    this.#begun += 1
    metrics.jobWait.observe({ queue: record.queue }, Math.max(0, Date.now() - job.readyAt.getTime()) / 1000)
    const run = startRun(this.#resources, record, job, this.#notes)
    this.#runs.set(job.id, run)
    void run.ended.then((outcome) => {
      this.#runs.delete(job.id)
      const ms = performance.now() - startedAt
      this.#averageMs += (ms - this.#averageMs) * 0.05
      metrics.jobRuns.observe({ kind: job.kind, outcome: outcome?.status ?? 'settled' }, ms / 1000)
      if (outcome) {
        this.#unsettled.push({ job, outcome })
        this.#settle()
      }
      this.#beginNext()
      this.#roomWaiters.shift()?.()
      if (this.#hasWork()) this.#kick()
    })
  }

  #settle(): void {
    this.#settling ??= this.#settleLoop().finally(() => {
      this.#settling = undefined
      if (this.#unsettled.length > 0) this.#settle()
    })
  }

  async #settleLoop(): Promise<void> {
    while (this.#unsettled.length > 0) {
      // Statements of one worker on the same rows must not wait for each other in a circle.
      await this.#renewing
      const batch = this.#unsettled.splice(0, SETTLE_MAX)
      try {
        const { accepted, freed } = await settle(this.#resources.db, batch)
        this.#resources.metrics.jobsLost.inc(batch.length - accepted.length)
        this.#resources.jobs.settled(accepted, freed)
        if (this.#stopping) continue
        this.settled(accepted)
      } catch (err) {
        this.#resources.log.warn({ err, jobs: batch.length }, 'jobs: a settlement failed and is tried again')
        this.#unsettled.unshift(...batch)
        if (this.#stopping && performance.now() - this.#renewedAt > this.#options.leaseMs) return
        await sleep(250)
      }
    }
  }

  async #renew(): Promise<void> {
    await this.#settling
    const held = [
      ...[...this.#runs.values()].map((run) => run.job),
      ...this.#ahead,
      ...this.#unsettled.map(({ job }) => job as ClaimedJob),
    ]
    if (held.length === 0) {
      this.#renewedAt = performance.now()
      return
    }
    this.#renewing = this.#renewHeld(held)
    await this.#renewing
  }

  async #renewHeld(held: readonly ClaimedJob[]): Promise<void> {
    const askedAt = performance.now()
    try {
      const kept = new Map(
        (await renewLeases(this.#resources.db, this.#claimant, held)).map((job) => [job.id, job]),
      )
      this.#renewedAt = askedAt
      for (const { id } of held) {
        const known = kept.get(id)
        if (!known) this.#lose(id, 'lost')
        else if (known.isCancelled) this.#lose(id, 'cancelled')
      }
    } catch (err) {
      this.#resources.log.warn({ err }, 'jobs: leases were not renewed')
      // By now another worker may have them.
      if (performance.now() - this.#renewedAt > this.#options.leaseMs) {
        for (const { id } of held) this.#lose(id, 'lost')
      }
    }
  }

  #lose(id: string, reason: StopReason): void {
    this.#runs.get(id)?.stop(reason)
    const at = this.#ahead.findIndex((job) => job.id === id)
    if (at < 0) return
    const [job] = this.#ahead.splice(at, 1)
    if (job && reason === 'cancelled') {
      this.#unsettled.push({ job, outcome: { status: 'cancelled', error: null } })
      this.#settle()
    }
  }

  async #reclaim(): Promise<void> {
    const { jobs, db, metrics } = this.#resources
    const { accepted, freed } = await reclaimLapsed(db, (job) => {
      const record = jobs.kinds.get(job.kind)
      return record ? pauseMs(record, job.attempt) : 0
    })
    metrics.jobsReclaimed.inc(accepted.length)
    this.settled(accepted)
    jobs.settled([], freed)
    jobs.changed(accepted.map(({ job }) => job))
  }

  /** Makes due jobs ready and tells workers, then waits for the next that is due. Never rejects. */
  async #promote(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY
    try {
      const { db, jobs } = this.#resources
      jobs.offerAll(await promoteDue(db))
      const { nextDueMs } = await lookAround(db)
      if (nextDueMs !== null) this.dueAt(Date.now() + nextDueMs)
    } catch (err) {
      this.#resources.log.warn({ err }, 'jobs: due jobs were not made ready')
    }
  }
}

function isLimited({ concurrency, rate }: JobRecord): boolean {
  return concurrency !== undefined || rate !== undefined
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
