import type { z } from 'zod'
import type { Config } from '../config/config.js'
import { Cron } from '../jobs/cron.js'
import type { Ctx } from './context.js'
import type { JobHandle } from './job-handle.js'

/** How many jobs of a kind may run at the same time. What is left out is not limited. */
export interface ConcurrencyLimits {
  /** In the whole installation. */
  total?: number
  /** Of one tenant. */
  perTenant?: number
  /** With one key (see `keyOf`) of one tenant. */
  perKey?: number
}

/** At most `starts` begin in each window of `windowS` seconds, in the whole installation or of one tenant. */
export interface StartRate {
  starts: number
  windowS: number
  per: 'installation' | 'tenant'
}

/** Pause before attempt n + 1: random between 0 and min(capMs, baseMs · 2^(n-1)) ("full jitter"). */
export interface Backoff {
  baseMs: number
  capMs: number
}

/** Seconds that settled jobs stay readable. */
export interface Retention {
  succeededS: number
  failedS: number
}

/** When a job runs by itself: every so many seconds, or by cron in a time zone (UTC unless given). */
export type Period = { everySeconds: number } | { cron: string; timeZone?: string }

export interface JobSpec<P> {
  /** Kind: permanent, because queued rows carry it. `service.verb-noun`. */
  name: string
  /** Jobs of one queue are paused and counted together; the service's name when left out. */
  queue?: string
  /** Parsed on the way in and again on the way out. Holds ids, not rows; never a secret. */
  payload: z.ZodType<P>
  /** How often it is begun at most; a run that kills its process counts. */
  attempts: number
  timeoutMs: number
  /** Why running it twice does no harm. */
  safeToRepeat: string
  /**
   * `auto`: one transaction of the job's tenant around the run, and `system`: one as vetrai_system; what the run
   * wrote and that it succeeded are then kept together or not at all, so its effects happen exactly once.
   * `manual` (default): the run opens its own; `job.finish` gives the same for its last one.
   */
  transaction?: 'auto' | 'system' | 'manual'
  /** Higher runs first among the jobs of one tenant; 0 when left out, -100 to 100. */
  priority?: number
  backoff?: Backoff
  concurrency?: ConcurrencyLimits
  rate?: StartRate
  retention?: Retention
  /** What `concurrency.perKey` counts by. */
  keyOf?(payload: P): string
  /**
   * Runs by itself, exactly once each time however many processes there are; it must accept an empty payload. A function
   * is asked now and then, and answers undefined where it does not run by itself; what it throws changes nothing.
   */
  period?: Period | ((config: Config) => Promise<Period | undefined>)
  /** Who may enqueue it by REST; left out, nobody: only code of the server does. */
  exposed?: { permission: string; summary: string }
  run(ctx: Ctx, payload: P, job: JobHandle): Promise<unknown>
}

/** A kind of background job with every default filled in. */
export interface JobRecord<P = unknown> extends JobSpec<P> {
  queue: string
  transaction: 'auto' | 'system' | 'manual'
  priority: number
  backoff: Backoff
  retention: Retention
}

const DEFAULTS = {
  transaction: 'manual',
  priority: 0,
  backoff: { baseMs: 1_000, capMs: 3_600_000 },
  retention: { succeededS: 86_400, failedS: 30 * 86_400 },
} as const

/** Declares a job; checks what the types cannot. */
export function defineJob<P>(spec: JobSpec<P>): JobRecord<P> {
  if (!/^[a-z]+(\.[a-z0-9-]+)+$/.test(spec.name))
    throw new TypeError(`job name "${spec.name}" is not service.verb-noun`)
  if (spec.period && !spec.payload.safeParse({}).success)
    throw new TypeError(`periodic job "${spec.name}" must accept an empty payload`)
  if (typeof spec.period === 'object' && 'cron' in spec.period)
    new Cron(spec.period.cron, spec.period.timeZone)
  if (spec.concurrency?.perKey !== undefined && !spec.keyOf)
    throw new TypeError(`job "${spec.name}" limits by key and has no keyOf`)
  return { ...DEFAULTS, queue: spec.name.slice(0, spec.name.indexOf('.')), ...spec }
}
