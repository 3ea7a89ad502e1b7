import type { Database } from '../storage/database.js'

/** Claims after which the table is vacuumed, at least; more where it holds more rows. */
const CLAIMS_MIN = 20_000
const SHARE = 0.02

/**
 * Vacuums the table of jobs in proportion to what this process does to it. Each job leaves entries behind in the
 * index of ready jobs, at its very beginning, where every claim starts to look; autovacuum comes once a minute,
 * which at 10,000 jobs a second is half a million entries too late. Needs PostgreSQL 17 (the MAINTAIN privilege);
 * on older ones it gives up and autovacuum alone does it.
 */
export class Vacuum {
  readonly #db: Database
  #claims = 0
  #threshold = CLAIMS_MIN
  #isRunning = false

  constructor(db: Database) {
    this.#db = db
  }

  /** Counts claims; begins a vacuum when there were enough. Never rejects, and nobody waits for it. */
  count(claims: number): void {
    this.#claims += claims
    if (this.#isRunning || this.#claims < this.#threshold) return
    this.#claims = 0
    this.#isRunning = true
    void this.#run().finally(() => {
      this.#isRunning = false
    })
  }

  async #run(): Promise<void> {
    try {
      // Whoever is at it already does it for all.
      await this.#db.readSystem({ text: 'vacuum (skip_locked, truncate off, index_cleanup on) worker_jobs' })
      const [row] = await this.#db.readSystem<{ rows: number }>({
        text: "select reltuples::bigint as rows from pg_class where oid = 'worker_jobs'::regclass",
      })
      this.#threshold = Math.max(CLAIMS_MIN, (row?.rows ?? 0) * SHARE)
    } catch {
      // Too old, or too slow this time; what is left to autovacuum comes later and costs nobody a job.
      this.#threshold *= 4
    }
  }
}
