import { backgroundContext, type Ctx } from '../kernel/context.js'
import type { JobRecord } from '../kernel/define-job.js'
import type { Resources } from '../kernel/resources.js'
import { Alarm } from './alarm.js'
import { syncBuiltIns } from './built-in-schedules.js'
import { fireDue, msUntilDue } from './fire-schedules.js'
import { readPeriods } from './read-periods.js'

/** Topic: a schedule is due at this time (milliseconds since 1970) that was not known to be. */
const SCHEDULED_TOPIC = 'schedules.due'

/** Longest sleep, for what no message told of. */
const LOOK_MS = 30_000
/** Pause after a failure, and where others hold all that is due. */
const AGAIN_MS = 1_000
/** Failures are told of at most this often. */
const SAY_MS = 30_000

/** Tells the schedulers of all processes, once this is committed, when a schedule is due. */
export function tellSchedulers(ctx: Ctx, nextAt: Date | null): void {
  if (!nextAt) return
  ctx.afterCommit(() => ctx.resources.bus.publish(SCHEDULED_TOPIC, String(nextAt.getTime())))
}

/**
 * Fires the schedules of all tenants and the periodic jobs of the server, each firing exactly once among all
 * schedulers there are. It sleeps until the next is due, by the clock of the database, and looks after 30 seconds
 * at the latest; a failure makes it late and nothing else.
 */
export class Scheduler {
  readonly #resources: Resources
  readonly #kinds: ReadonlyMap<string, JobRecord>
  readonly #alarm = new Alarm()
  #loop: Promise<void> = Promise.resolve()
  #unsubscribe: (() => void)[] = []
  #stopping = false
  /** The rhythms that the schedules were made to follow last. */
  #synced: string | undefined
  #saidAt = Number.NEGATIVE_INFINITY

  constructor(resources: Resources) {
    this.#resources = resources
    this.#kinds = resources.jobs.kinds
  }

  start(): void {
    const { bus, maintenance } = this.#resources
    this.#unsubscribe = [
      bus.subscribe(SCHEDULED_TOPIC, (time) => this.#alarm.ringIn(Number(time) - Date.now())),
      maintenance.onChange(() => this.#alarm.ringIn(0)),
    ]
    this.#loop = this.#run()
  }

  /** Fires nothing further and resolves once what is being fired is kept. */
  async close(): Promise<void> {
    this.#stopping = true
    for (const stop of this.#unsubscribe) stop()
    this.#alarm.ringIn(0)
    await this.#loop
  }

  /** Fires all that is due, unless the installation rests; answers after how many milliseconds to look again. */
  async look(): Promise<number> {
    const { maintenance } = this.#resources
    if (maintenance.isOn) return LOOK_MS
    const ctx = backgroundContext(this.#resources, 'scheduler')
    await this.#sync(ctx)
    const kinds = [...this.#kinds.keys()]
    while (!this.#stopping && !maintenance.isOn) {
      const ms = await msUntilDue(ctx.db, kinds)
      if (ms === null || ms > 0) return Math.min(ms ?? LOOK_MS, LOOK_MS)
      if ((await fireDue(ctx, this.#kinds)) === 0) return AGAIN_MS
    }
    return 0
  }

  /** Has periodic jobs follow their rhythms; those of some are settings, which may change while this runs. */
  async #sync(ctx: Ctx): Promise<void> {
    const periods = await readPeriods(this.#resources, this.#kinds.values())
    const rhythms = JSON.stringify(periods)
    if (rhythms === this.#synced) return
    await syncBuiltIns(ctx, periods, (kind) => this.#owns(kind))
    this.#synced = rhythms
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const ms = await this.look().catch((err: unknown) => this.#failed(err))
      if (!this.#stopping) await this.#alarm.sleep(ms)
    }
  }

  #failed(err: unknown): number {
    if (performance.now() - this.#saidAt > SAY_MS) {
      this.#saidAt = performance.now()
      this.#resources.log.warn({ err }, 'schedules were not looked at and are tried again')
    }
    return AGAIN_MS
  }

  /** A server that mounts only some services knows nothing of the jobs of the others. */
  #owns(kind: string): boolean {
    const { assembly, config } = this.#resources
    if (config.VETRAI_SERVICES.length === 0) return true
    const service = kind.slice(0, kind.indexOf('.'))
    return service === 'kernel' || assembly.services.some(({ name }) => name === service)
  }
}
