import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Bus } from './bus.js'
import type { Database } from './database.js'
import { ARE_REQUESTS_OVER, CLOSING_S } from './maintenance-gate.js'

/** How often a process asks whether the installation rests: a message may be lost. */
const LOOK_MS = 500
/** Pause between looks whether requests are over. */
const SETTLE_LOOK_MS = 50
/** From the end of the last transaction until its answer is sent. */
const ANSWER_MS = 200
const TOPIC = 'installation.maintenance'

/** A maintenance that goes on. */
export interface MaintenanceState {
  /** What callers are told. */
  message: string
  retryAfterS: number
  since: Date
  /** The data is on trial and may yet give way: nobody writes, operators neither. */
  isTrial: boolean
}

interface Stored extends Record<string, unknown> {
  value: { message: string; retry_after_s: number; since: string; trial?: boolean }
}

/** How far a maintenance is. */
export interface MaintenanceProgress {
  /** No request that could write is under way any more, in any process, and none will be accepted. */
  settled: boolean
  /** Jobs that began before and still run. */
  runningJobs: number
}

/**
 * Whether the installation rests: requests are refused, and background work does not begin. Each process knows it from
 * the database, told by a message or by its own look; while the database cannot be asked, what it knew last holds.
 */
export class Maintenance {
  readonly #db: Database
  readonly #log: Logger
  readonly #listeners = new Set<(isOn: boolean) => void>()
  #current: MaintenanceState | null = null
  #looking: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #bus: Bus | undefined
  #unwatch: (() => void)[] = []

  constructor({ db, log }: { db: Database; log: Logger }) {
    this.#db = db
    this.#log = log
  }

  /** The maintenance that goes on; null in normal times. */
  get current(): MaintenanceState | null {
    return this.#current
  }

  get isOn(): boolean {
    return this.#current !== null
  }

  /** Learns how things stand. */
  async load(): Promise<void> {
    const [row] = await this.#db.readGlobal<Stored>({
      name: 'installation-maintenance',
      text: "select value from installation_state where key = 'maintenance'",
    })
    this.#take(row ? stateOf(row) : null)
  }

  /** Keeps up to date from now on. */
  watch(bus: Bus): void {
    this.#bus = bus
    this.#unwatch = [bus.subscribe(TOPIC, () => this.#look()), bus.onConnected(() => this.#look())]
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    for (const stop of this.#unwatch) stop()
    this.#listeners.clear()
  }

  /** Hears when a maintenance begins and when it is over; answers how to stop. */
  onChange(listener: (isOn: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Begins a maintenance; where one goes on, only what callers are told changes. Committed when it resolves. */
  async turnOn({
    message,
    retryAfterS,
  }: {
    message: string
    retryAfterS: number
  }): Promise<MaintenanceState> {
    const [row] = await this.#db.readSystem<Stored>({
      text: `insert into installation_state as s (key, value)
        values ('maintenance', jsonb_build_object('message', $1::text, 'retry_after_s', $2::integer, 'since', clock_timestamp()))
        on conflict (key) do update set value = excluded.value || jsonb_build_object('since', s.value->'since')
        returning value`,
      values: [message, retryAfterS],
    })
    this.#announce()
    return stateOf(row as Stored)
  }

  /** Ends the maintenance. Joins the open system transaction. */
  async turnOff(): Promise<void> {
    await this.#db.execute({ text: "delete from installation_state where key = 'maintenance'" })
    this.#db.afterCommit(() => this.#announce())
  }

  /** Waits until no request that could write is under way, for `mostMs` at most. */
  async settle(mostMs: number): Promise<MaintenanceProgress> {
    for (const until = performance.now() + mostMs; ; await sleep(SETTLE_LOOK_MS)) {
      const progress = await this.progress()
      if (progress.settled) {
        await sleep(ANSWER_MS)
        return progress
      }
      if (performance.now() > until) return progress
    }
  }

  /** How far the maintenance is. */
  async progress(): Promise<MaintenanceProgress> {
    const [row] = await this.#db.readSystem<{ closed: boolean | null; running: number }>({
      text: `select (select (value->>'since')::timestamptz + interval '${CLOSING_S} s' + interval '200 ms' < clock_timestamp()
          from installation_state where key = 'maintenance') as closed,
        (select count(*) from worker_jobs where status = 'running' and lease_until > now()) as running`,
    })
    const settled = row?.closed === true && (await this.#areRequestsOver())
    return { settled, runningJobs: row?.running ?? 0 }
  }

  async #areRequestsOver(): Promise<boolean> {
    const [row] = await this.#db.readSystem<{ over: boolean }>({ text: ARE_REQUESTS_OVER })
    return row?.over === true
  }

  #announce(): void {
    if (this.#bus) this.#bus.publish(TOPIC, '')
    else this.#look()
  }

  /** Asks anew; what is told while the answer is on its way is asked for once more. */
  #look(): void {
    this.#again = true
    this.#looking ??= this.#lookUntilSure().finally(() => {
      this.#looking = undefined
    })
  }

  async #lookUntilSure(): Promise<void> {
    while (this.#again) {
      this.#again = false
      await this.load().catch((err: unknown) =>
        this.#log.debug({ err }, 'whether to rest could not be asked'),
      )
    }
  }

  #take(state: MaintenanceState | null): void {
    const wasOn = this.isOn
    this.#current = state
    if (wasOn === this.isOn) return
    this.#log.info({ maintenance: this.isOn }, this.isOn ? 'maintenance begins' : 'maintenance is over')
    for (const listener of this.#listeners) listener(this.isOn)
  }
}

function stateOf({ value }: Stored): MaintenanceState {
  const { message, retry_after_s: retryAfterS, since, trial = false } = value
  return { message, retryAfterS, since: new Date(since), isTrial: trial }
}
