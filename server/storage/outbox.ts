import { backgroundContext } from '../kernel/context.js'
import type { EventName, Events, StoredEvent } from '../kernel/events.js'
import type { Resources } from '../kernel/resources.js'

interface OutboxRow extends Record<string, unknown> {
  id: string
  name: EventName
  tenant_id: string | null
  payload: Events[EventName]
  delivered_to: string[]
  attempts: number
  created_at: Date
}

const SWEEP_MS = 2_000
const BATCH = 20

/**
 * Delivers stored events to the services' `on:` handlers, at least once, each handler by itself: one failing
 * is tried again with growing pauses and does not repeat the others. Any number of processes may run one.
 */
export class OutboxDispatcher {
  readonly #resources: Resources
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor(resources: Resources) {
    this.#resources = resources
  }

  start(): void {
    this.#timer = setInterval(() => this.kick(), SWEEP_MS)
    this.#timer.unref()
    this.kick()
  }

  /** Looks for work now. */
  kick(): void {
    if (this.#stopped) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = this.#drain()
      .catch((error) => this.#resources.log.warn({ err: error }, 'outbox: delivery is delayed'))
      .finally(() => {
        this.#running = undefined
        if (this.#again) {
          this.#again = false
          this.kick()
        }
      })
  }

  /** Delivers all that is due before it resolves; for tests and for shutdown. */
  async drain(): Promise<void> {
    await this.#running
    await this.#drain()
  }

  async close(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#running
  }

  async #drain(): Promise<void> {
    while (!this.#stopped && (await this.#deliverBatch()) === BATCH);
  }

  async #deliverBatch(): Promise<number> {
    const { db } = this.#resources
    return db.transaction({ role: 'system', tenantId: null }, async () => {
      const rows = await db.query<OutboxRow>({
        text: `select id, name, tenant_id, payload, delivered_to, attempts, created_at from outbox
               where delivered_at is null and next_attempt_at <= now()
               order by next_attempt_at limit $1 for update skip locked`,
        values: [BATCH],
      })
      for (const row of rows) await this.#deliver(row)
      return rows.length
    })
  }

  async #deliver(row: OutboxRow): Promise<void> {
    const { db, assembly, log } = this.#resources
    const done = new Set(row.delivered_to)
    let failure: unknown
    for (const handler of assembly.handlers.get(row.name) ?? []) {
      if (done.has(handler.service)) continue
      try {
        const ctx = backgroundContext(
          this.#resources,
          `on:${row.name}`,
          row.tenant_id ? { id: row.tenant_id, slug: '', status: 'active' } : null,
        )
        // A transaction of its own, so that one handler's failure takes nothing else back.
        await db.transaction({ role: 'app', tenantId: row.tenant_id }, () => handler.run(ctx, eventOf(row)))
        done.add(handler.service)
      } catch (error) {
        failure = error
        log.error(
          { err: error, event: row.name, event_id: row.id, service: handler.service },
          'event handler failed',
        )
      }
    }
    const pauseS = Math.min(3600, 2 ** Math.min(row.attempts, 12))
    await db.query({
      name: 'outbox-settle',
      text: `update outbox set delivered_to = $2, attempts = attempts + 1,
               delivered_at = case when $3::text is null then now() end,
               next_attempt_at = now() + make_interval(secs => $4), last_error = $3
             where id = $1`,
      values: [row.id, [...done], failure === undefined ? null : String(failure).slice(0, 500), pauseS],
    })
  }
}

function eventOf(row: OutboxRow): StoredEvent {
  return {
    id: row.id,
    name: row.name,
    tenantId: row.tenant_id,
    payload: row.payload,
    occurredAt: row.created_at,
  }
}
