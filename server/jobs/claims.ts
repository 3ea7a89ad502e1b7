import type { JobRecord } from '../kernel/define-job.js'
import type { Resources } from '../kernel/resources.js'
import { type Claimant, type ClaimedJob, claimInTurn, claimLimited, claimOffered } from './claim.js'
import { INSTALLATION, type JobRef } from './job-row.js'
import type { Hint } from './wire.js'

/** Longest a kind is left alone; a window may be longer than any timer. */
const TIMER_MAX_MS = 3_600_000

/** Room for claims: `wanted` jobs in all, `free` of them can begin at once. */
export interface Room {
  wanted: number
  free: number
}

/** Knows what there may be to claim, and in which way: jobs a hint named, the backlog in turn, kinds with limits. */
export class Claims {
  readonly #resources: Resources
  readonly #claimant: Claimant
  readonly #onOpen: () => void
  readonly #open: JobRecord[]
  readonly #limited: JobRecord[]
  /** Jobs of kinds without limits that a hint named. */
  readonly #offered = new Map<string, JobRef>()
  /** Limited kinds that may have something to begin. */
  readonly #toTry = new Set<JobRecord>()
  /** Limited kinds whose rate is used up for now. */
  readonly #later = new Set<JobRecord>()
  /** More may wait than hints tell of. */
  #hasBacklog = false
  /** How often somebody said so. */
  #told = 0
  /** The tenant served last, among kinds without limits and of each kind with them. */
  #cursor = INSTALLATION
  readonly #cursors = new Map<JobRecord, string>()
  #limitedFirst = false

  /** @param onOpen told when a rate allows more. */
  constructor(resources: Resources, claimant: Claimant, onOpen: () => void) {
    this.#resources = resources
    this.#claimant = claimant
    this.#onOpen = onOpen
    const kinds = [...resources.jobs.kinds.values()]
    this.#limited = kinds.filter(isLimited)
    this.#open = kinds.filter((kind) => !isLimited(kind))
  }

  get hasBacklog(): boolean {
    return this.#hasBacklog
  }

  get hasWork(): boolean {
    return this.#hasBacklog || this.#offered.size > 0 || this.#toTry.size > 0
  }

  /** Remembers jobs somebody told of; more than there is room for, or none by name, are left to turns. */
  offer({ kind, jobs }: Hint, room: number): void {
    const record = this.#resources.jobs.kinds.get(kind)
    if (!record) return
    if (isLimited(record)) this.#toTry.add(record)
    else if (jobs.length === 0 || this.#hasBacklog || this.#offered.size + jobs.length > room)
      this.tryBacklog()
    else for (const job of jobs) this.#offered.set(job.id, job)
  }

  /** Something of this kind ended, so that another may begin. */
  tryKind(name: string): void {
    const record = this.#resources.jobs.kinds.get(name)
    if (record && isLimited(record)) this.#toTry.add(record)
  }

  tryBacklog(): void {
    this.#told += 1
    this.#hasBacklog = true
    this.#offered.clear()
  }

  tryEverything(): void {
    this.tryBacklog()
    for (const kind of this.#limited) this.#toTry.add(kind)
  }

  /** Claims in one of the ways that may have something; none where only kinds remain that cannot begin now. */
  async next({ wanted, free }: Room): Promise<ClaimedJob[]> {
    this.#limitedFirst = !this.#limitedFirst
    const hasOpen = this.#hasBacklog || this.#offered.size > 0
    const [kind] = this.#toTry
    // Limited jobs are not held ahead: they would keep others of their kind from running elsewhere.
    if (kind && free > 0 && (this.#limitedFirst || !hasOpen)) return this.#ofKind(kind, free)
    if (this.#hasBacklog) return this.#inTurn(wanted)
    return this.#offered.size > 0 ? this.#named(wanted) : []
  }

  /** Whether `next` could find anything with this room. */
  canTry({ wanted, free }: Room): boolean {
    return (wanted > 0 && (this.#hasBacklog || this.#offered.size > 0)) || (free > 0 && this.#toTry.size > 0)
  }

  async #ofKind(kind: JobRecord, free: number): Promise<ClaimedJob[]> {
    this.#toTry.delete(kind)
    const { jobs, openAgainMs } = await claimLimited(this.#resources.db, this.#claimant, kind, {
      most: free,
      cursor: this.#cursors.get(kind) ?? INSTALLATION,
    })
    const last = jobs.at(-1)
    if (last) this.#cursors.set(kind, last.tenantId)
    if (jobs.length === free) this.#toTry.add(kind)
    else if (openAgainMs !== null) this.#tryLater(kind, openAgainMs)
    return jobs
  }

  /** Tries a kind again when its rate allows more. */
  #tryLater(kind: JobRecord, ms: number): void {
    if (this.#later.has(kind)) return
    this.#later.add(kind)
    const timer = setTimeout(
      () => {
        this.#later.delete(kind)
        this.#toTry.add(kind)
        this.#onOpen()
      },
      Math.min(TIMER_MAX_MS, ms + 5),
    )
    timer.unref()
  }

  async #inTurn(wanted: number): Promise<ClaimedJob[]> {
    const told = this.#told
    const jobs = await claimInTurn(this.#resources.db, this.#claimant, this.#open, {
      most: wanted,
      cursor: this.#cursor,
    })
    // What it was told of meanwhile may have been committed after the statement began.
    if (jobs.length === 0 && told === this.#told) this.#hasBacklog = false
    const last = jobs.at(-1)
    if (last) this.#cursor = last.tenantId
    return jobs
  }

  #named(wanted: number): Promise<ClaimedJob[]> {
    const offered = [...this.#offered.values()].slice(0, wanted)
    for (const { id } of offered) this.#offered.delete(id)
    return claimOffered(this.#resources.db, this.#claimant, this.#open, offered)
  }
}

function isLimited({ concurrency, rate }: JobRecord): boolean {
  return concurrency !== undefined || rate !== undefined
}
