import type { Resources } from '../kernel/resources.js'
import { lookAround, promoteDue, reclaimLapsed } from './leases.js'
import { pauseMs } from './run-job.js'

/** Longest a timer waits; the look does the rest. */
const TIMER_MAX_MS = 60_000

/**
 * Finds what no hint told of: jobs that wait, jobs whose process died, delayed jobs whose time has come. One
 * question now and then while idle, and a timer for the next job that is due. Rests with the installation. Never rejects.
 */
export class Lookout {
  readonly #resources: Resources
  readonly #onWaiting: () => void
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY
  #isClosed = false

  constructor(resources: Resources, onWaiting: () => void) {
    this.#resources = resources
    this.#onWaiting = onWaiting
  }

  /** Looks for everything there may be. */
  async look(): Promise<void> {
    await this.#guarded('the look for waiting jobs failed', async () => {
      const { hasWaiting, hasLapsed, nextDueMs } = await lookAround(this.#resources.db)
      if (hasLapsed) await this.reclaim()
      if (hasWaiting) this.#onWaiting()
      if (nextDueMs !== null) this.dueAt(Date.now() + nextDueMs)
    })
  }

  /** Sees to it that jobs due at this time (milliseconds since 1970) are made ready then. */
  dueAt(time: number): void {
    if (this.#isClosed || time >= this.#dueAt) return
    this.#dueAt = time
    clearTimeout(this.#timer)
    const wait = Math.min(TIMER_MAX_MS, Math.max(0, time - Date.now()))
    this.#timer = setTimeout(() => void this.promote(), wait)
    this.#timer.unref()
  }

  /** Makes due jobs ready, tells workers, and waits for the next that is due. */
  async promote(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY
    await this.#guarded('due jobs were not made ready', async () => {
      const { db, jobs } = this.#resources
      jobs.offerAll(await promoteDue(db))
      const { hasWaiting, nextDueMs } = await lookAround(db)
      // One that was due by the database's clock when it was made was announced by the clock of its maker.
      if (hasWaiting) this.#onWaiting()
      if (nextDueMs !== null) this.dueAt(Date.now() + nextDueMs)
    })
  }

  /** Takes back jobs whose lease ended. */
  async reclaim(): Promise<void> {
    await this.#guarded('jobs of ended processes were not taken back', async () => {
      const { db, jobs, metrics } = this.#resources
      const { accepted, freed } = await reclaimLapsed(db, ({ kind, attempt }) => {
        const record = jobs.kinds.get(kind)
        return record ? pauseMs(record, attempt) : 0
      })
      metrics.jobsReclaimed.inc(accepted.length)
      jobs.settled(accepted, freed)
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #guarded(words: string, work: () => Promise<void>): Promise<void> {
    if (this.#isClosed || this.#resources.maintenance.isOn) return
    try {
      await work()
    } catch (err) {
      this.#resources.log.warn({ err }, `jobs: ${words}`)
    }
  }
}
