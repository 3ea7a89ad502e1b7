import type { Resources } from '../kernel/resources.js'
import { type Settlement, settle } from './settle.js'

/** Settlements of one statement. */
const AT_ONCE = 500
/** Pause before the database is asked again, in milliseconds. */
const RETRY_MS = 250

/**
 * Settles runs, one statement at a time: what ends meanwhile goes into the next, so that commits are shared under
 * load and nobody waits for one when idle. What the database could not take is kept and tried again.
 */
export class Settler {
  readonly #resources: Resources
  readonly #waiting: Settlement[] = []
  #working: Promise<void> | undefined
  /** Statements on rows of running jobs take turns: two at a time could wait for each other in a circle. */
  #turn: Promise<unknown> = Promise.resolve()
  #givesUpAt = Number.POSITIVE_INFINITY

  constructor(resources: Resources) {
    this.#resources = resources
  }

  /** Runs whose end is not stored yet. */
  get waiting(): readonly Settlement[] {
    return this.#waiting
  }

  /** Resolves when all is settled that waits; undefined where nothing does. */
  get working(): Promise<void> | undefined {
    return this.#working
  }

  add(settlement: Settlement): void {
    this.#waiting.push(settlement)
    this.#begin()
  }

  /** Runs a statement on rows of running jobs after the one under way, before further settlements. */
  aside<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#turn.then(work)
    this.#turn = running.catch(() => undefined)
    return running
  }

  /** Resolves when everything is settled, or after `ms` without the database; leases end what is left. */
  async drain(ms: number): Promise<void> {
    this.#givesUpAt = performance.now() + ms
    while (this.#working) await this.#working
  }

  #begin(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#waiting.length > 0 && performance.now() < this.#givesUpAt) this.#begin()
    })
  }

  async #work(): Promise<void> {
    const { db, jobs, log, metrics } = this.#resources
    while (this.#waiting.length > 0) {
      // Runs that end in this turn of the event loop go along.
      await new Promise((resolve) => setImmediate(resolve))
      await this.#turn
      const batch = this.#waiting.splice(0, AT_ONCE)
      try {
        const { accepted, freed } = await this.aside(() => settle(db, batch))
        metrics.jobsLost.inc(batch.length - accepted.length)
        jobs.settled(accepted, freed)
      } catch (err) {
        log.warn({ err, jobs: batch.length }, 'jobs: a settlement failed and is tried again')
        this.#waiting.unshift(...batch)
        if (performance.now() >= this.#givesUpAt) return
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }
}
