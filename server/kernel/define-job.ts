import type { z } from 'zod'
import type { Ctx } from './context.js'

/** A kind of background job. The name is permanent: queued rows carry it. */
export interface JobRecord<P = unknown> {
  name: string
  payload: z.ZodType<P>
  attempts: number
  timeoutMs: number
  /** Why running it twice does no harm. */
  safeToRepeat: string
  /** Seconds between runs of a periodic job; exactly one process runs each. */
  everySeconds?: number
  run(ctx: Ctx, payload: P, signal: AbortSignal): Promise<unknown>
}

/** Declares a job; checks what the types cannot. */
export function defineJob<P>(job: JobRecord<P>): JobRecord {
  if (!/^[a-z]+(\.[a-z0-9-]+)+$/.test(job.name))
    throw new TypeError(`job name "${job.name}" is not service.verb-noun`)
  if (job.everySeconds !== undefined && !job.payload.safeParse({}).success) {
    throw new TypeError(`periodic job "${job.name}" must accept an empty payload`)
  }
  return job as unknown as JobRecord
}
