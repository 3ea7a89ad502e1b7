import type { JobRecord } from '../../kernel/define-job.js'
import type { DeadLetter } from './models/dead-letter.js'
import type { LogLine, StoredAttempt, StoredJob } from './models/job.js'

export function presentJob(job: StoredJob) {
  return {
    id: job.id,
    kind: job.kind,
    queue: job.queue,
    status: job.status,
    payload: job.payload as never,
    priority: job.priority,
    attempt: job.attempt,
    attempts: job.maxAttempts,
    run_at: job.runAt.toISOString(),
    started_at: iso(job.startedAt),
    finished_at: iso(job.finishedAt),
    progress: job.progress,
    result: job.result as never,
    error: job.error,
    cancel_requested_at: iso(job.cancelRequestedAt),
    parent_id: job.parentId,
    pending_children: job.pendingChildren,
    unique_key: job.uniqueKey,
    schedule_id: job.scheduleId,
    created_by: job.createdBy,
    request_id: job.requestId,
    created_at: job.createdAt.toISOString(),
    updated_at: job.updatedAt.toISOString(),
  }
}

/** Attempts that did not succeed are stored; the newest run is told by the job itself. */
export function presentAttempts(job: StoredJob, stored: readonly StoredAttempt[]) {
  const ended = stored.map((one) => ({
    attempt: one.attempt,
    outcome: one.outcome,
    worker: one.worker,
    started_at: one.startedAt.toISOString(),
    finished_at: one.finishedAt.toISOString() as string | null,
    error: one.error,
    next_run_at: iso(one.nextRunAt),
  }))
  if (!job.startedAt || (job.status !== 'running' && job.status !== 'succeeded')) return ended
  const newest = {
    attempt: job.attempt,
    outcome: job.status,
    worker: job.worker,
    started_at: job.startedAt.toISOString(),
    finished_at: iso(job.finishedAt),
    error: null,
    next_run_at: null,
  }
  return [...ended, newest]
}

export function presentLine({ sequence, at, line }: LogLine) {
  return { sequence, at: at.toISOString(), line }
}

export function presentDeadLetter(letter: DeadLetter) {
  return {
    id: letter.id,
    job_id: letter.jobId,
    kind: letter.kind,
    queue: letter.queue,
    reason: letter.reason,
    error: letter.error,
    attempts: letter.attempts,
    redriven_at: iso(letter.redrivenAt),
    redriven_by: letter.redrivenBy,
    created_at: letter.createdAt.toISOString(),
  }
}

export function presentKind(kind: JobRecord, payloadSchema: Record<string, unknown>) {
  return {
    kind: kind.name,
    queue: kind.queue,
    summary: kind.exposed?.summary ?? '',
    attempts: kind.attempts,
    timeout_s: kind.timeoutMs / 1000,
    payload_schema: payloadSchema as never,
  }
}

function iso(date: Date | null): string | null {
  return date ? date.toISOString() : null
}
