/** The tenant that rows of the installation itself carry. */
export const INSTALLATION = '00000000-0000-0000-0000-000000000000'

export const JOB_STATUSES = [
  'scheduled',
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

/** Statuses that nothing but a redrive or retry changes. */
export const SETTLED = ['succeeded', 'failed', 'cancelled'] as const satisfies readonly JobStatus[]

/** A job's name in the world: tenants' ids come first, as in its primary key. */
export type JobRef = {
  tenantId: string
  id: string
}

/** A job that may be begun now, or at `runAt` where that is later. */
export type ReadyJob = JobRef & { kind: string; queue: string; runAt?: Date }
