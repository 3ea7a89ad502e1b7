import type { z } from 'zod'
import type { BackupRun } from './models/backup-run.js'
import type { runView } from './schemas.js'

/** A run as operators see it. */
export function presentRun(run: BackupRun): z.input<typeof runView> {
  const { errorCode: code, errorMessage: message, errorNext: next } = run
  return {
    id: run.id,
    kind: run.kind,
    reason: run.reason,
    outcome: run.outcome,
    job_id: run.jobId,
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    duration_ms: run.durationMs,
    backup_id: run.backupId,
    bytes: run.bytes,
    targets: run.targets,
    error: code === null ? null : { code, message: message ?? '', next: next ?? '' },
  }
}
