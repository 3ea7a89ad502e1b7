import { backgroundContext } from '../kernel/context.js'
import type { EventName, Events, StoredEvent } from '../kernel/events.js'
import type { Resources } from '../kernel/resources.js'
import { scrub } from '../observability/logger.js'
import type { Database } from './database.js'
import { EVENT_STORED } from './store-event.js'

interface OutboxRow extends Record<string, unknown> {
  id: string
  name: EventName
  tenant_id: string | null
  payload: Events[EventName]
  delivered_to: string[]
  attempts: number
  created_at: Date
}

export interface OutboxOptions {
  /** Seconds after which an event that a process took and never settled is taken again. */
  leaseS?: number
  /** Milliseconds between looks for events that nobody told of. */
  sweepMs?: number
}

/** Longest pause between attempts, in seconds. */
const PAUSE_MAX_S = 3600

/**
 * Delivers stored events to the services' `on:` handlers, at least once, each handler by itself: one failing
 * is tried again with growing pauses and does not repeat the others. Any number of processes may run one. An
 * event is leased while it is delivered, so no transaction stays open meanwhile, and a crash delays it only. During a
 * maintenance nothing is delivered.
 */
export class OutboxDispatcher {
  readonly #resources: Resources
  readonly #leaseS: number
  readonly #sweepMs: number
  #timer: NodeJS.Timeout | undefined
  #unsubscribe: (() => void)[] = []
  #running: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor(resources: Resources, { leaseS = 60, sweepMs = 10_000 }: OutboxOptions = {}) {
    this.#resources = resources
    this.#leaseS = leaseS
    this.#sweepMs = sweepMs
  }

  /** Delivers from now on: at once what this process stores, and by sweeps what others left. */
  start(): void {
    this.#timer = setInterval(() => this.kick(), this.#sweepMs)
    this.#timer.unref()
    const { bus, maintenance } = this.#resources
    this.#unsubscribe = [
      bus.subscribe(EVENT_STORED, () => this.kick()),
      maintenance.onChange(() => this.kick()),
    ]
    this.kick()
  }

  /** Looks for work now. */
  kick(): void {
    if (this.#stopped) return
    this.#again = true
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined
    })
  }

  /** Delivers all that is due before it resolves; for tests and for shutdown. */
  async drain(): Promise<void> {
    await this.#running
    await this.#deliverDue()
  }

  /** Takes no further event and resolves when the one in hand is settled. */
  async close(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    for (const stop of this.#unsubscribe) stop()
    await this.#running
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      try {
        await this.#deliverDue()
      } catch (error) {
        this.#resources.log.warn({ err: error }, 'outbox: delivery is delayed')
      }
    }
  }

  async #deliverDue(): Promise<void> {
    while (!this.#stopped && !this.#resources.maintenance.isOn) {
      const row = await this.#claim()
      if (!row) return
      await this.#deliver(row)
    }
  }

  /** Takes the event that waits longest, so that nobody else has it until the lease ends. */
  async #claim(): Promise<OutboxRow | undefined> {
    const [row] = await this.#resources.db.readSystem<OutboxRow>({
      name: 'outbox-claim',
      text: `update outbox set attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $1)
             where id = (select id from outbox where delivered_at is null and next_attempt_at <= now()
                         order by next_attempt_at limit 1 for update skip locked)
             returning id, name, tenant_id, payload, delivered_to, attempts, created_at`,
      values: [this.#leaseS],
    })
    return row
  }

  async #deliver(row: OutboxRow): Promise<void> {
    const { assembly, log } = this.#resources
    const done = new Set(row.delivered_to)
    const failures: unknown[] = []
    for (const handler of assembly.handlers.get(row.name) ?? []) {
      if (done.has(handler.key)) continue
      try {
        await this.#handle(row, handler.run)
        done.add(handler.key)
      } catch (error) {
        failures.push(error)
        log.error(
          { err: error, event: row.name, event_id: row.id, handler: handler.key },
          'event handler failed',
        )
      }
    }
    await this.#settle(row, [...done], failures)
  }

  /** Runs one handler in a transaction of its own, so that its failure takes nothing else back. */
  async #handle(
    row: OutboxRow,
    run: (ctx: ReturnType<typeof backgroundContext>, event: StoredEvent) => Promise<void>,
  ) {
    const tenant = row.tenant_id ? { id: row.tenant_id, slug: '', status: 'active' as const } : null
    const ctx = backgroundContext(this.#resources, `on:${row.name}`, tenant)
    await this.#resources.db.transaction({ role: 'app', tenantId: row.tenant_id }, () =>
      run(ctx, eventOf(row)),
    )
  }

  /** Records what was delivered, unless the lease ended meanwhile and somebody else has the event. */
  async #settle(row: OutboxRow, done: string[], failures: unknown[]): Promise<void> {
    const [failure] = failures
    await this.#resources.db.readSystem({
      name: 'outbox-settle',
      text: `update outbox set delivered_to = $3, last_error = $4,
               delivered_at = case when $4::text is null then now() end,
               next_attempt_at = now() + make_interval(secs => $5)
             where id = $1 and attempts = $2`,
      values: [
        row.id,
        row.attempts,
        done,
        failures.length === 0 ? null : scrub(String(failure)).slice(0, 500),
        Math.min(PAUSE_MAX_S, 2 ** Math.min(row.attempts - 1, 12)),
      ],
    })
  }
}

/** Events that one question for the oldest looks at most. */
const LOOKED_AT_MAX = 10_000

/** Age in seconds of the oldest event that was not delivered to all, for metrics; 0 where there is none. */
export async function oldestEventS(db: Database): Promise<number> {
  const [row] = await db.readSystem<{ age: number }>({
    name: 'outbox-oldest',
    text: `select greatest(coalesce(extract(epoch from now() - min(created_at)), 0), 0)::double precision as age
      from (select created_at from outbox where delivered_at is null
            order by next_attempt_at limit ${LOOKED_AT_MAX}) o`,
  })
  return row?.age ?? 0
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
