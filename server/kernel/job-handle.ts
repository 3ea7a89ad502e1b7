/** What a run may ask and tell of itself. */
export interface JobHandle {
  readonly id: string
  readonly kind: string
  /** Null for jobs of the installation. */
  readonly tenantId: string | null
  /** 1 for the first attempt. */
  readonly attempt: number
  readonly attempts: number
  /** Fencing token: grows each time the job is begun. What runs keep elsewhere can be guarded by it. */
  readonly fence: number
  /** Aborted when the time is over, the job is cancelled, its lease was lost or the process ends; `reason` says which. */
  readonly signal: AbortSignal
  /** How the children ended, in the order they were given; empty for a job without any. */
  readonly children: readonly ChildOutcome[]
  /** Tells how far it is, 0 to 1; kept with the job and shown live. */
  progress(share: number, words?: string): void
  /** Keeps a line of words with the job; at most 1,000 lines of 2,000 characters. Never a secret. */
  log(line: string): void
  /**
   * Runs `work` in one transaction of the job's tenant that also settles the job as succeeded with what `work`
   * answers; throws JobLost, and keeps nothing, where the job is no longer this run's. Exactly once, whatever dies.
   */
  finish<T>(work: () => Promise<T>): Promise<T>
}

export interface ChildOutcome {
  id: string
  kind: string
  status: 'succeeded' | 'failed' | 'cancelled'
  result: unknown
  error: string | null
}

/** Thrown by a run to be run again later: the remote end said when, or something is not ready. */
export class RunLater extends Error {
  override readonly name = 'RunLater'
  /** @param afterMs pause in milliseconds. @param free whether it costs no attempt (a wait, not a failure). */
  constructor(
    message: string,
    readonly afterMs: number,
    readonly free = false,
  ) {
    super(message)
  }
}

/** Thrown by a run that will never succeed: no further attempt is made. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}

/** The job belongs to another run by now, or is settled: whatever this one did must not be kept. */
export class JobLost extends Error {
  override readonly name = 'JobLost'
}
