import { z } from 'zod'
import { id, page, timestamp } from '../../kernel/schema.js'
import { OUTCOMES, RUN_KINDS, RUN_REASONS } from './models/backup-run.js'

export const runView = z
  .strictObject({
    id: id('run'),
    kind: z
      .enum(RUN_KINDS)
      .describe(
        '`create` makes a backup, `drill` restores one to see that it can be, `prune` removes old ones.',
      ),
    reason: z.enum(RUN_REASONS),
    outcome: z
      .enum(OUTCOMES)
      .describe(
        '`interrupted`: its process ended, and it is done again. `missed`: a backup that should have been and was not.',
      ),
    job_id: id('job').nullable(),
    started_at: timestamp,
    finished_at: timestamp.nullable(),
    duration_ms: z.int().nullable(),
    backup_id: z.string().nullable(),
    bytes: z.int().nullable().describe('Bytes of the backup as stored; of a pruning, those it freed.'),
    targets: z.array(z.string()),
    error: z.strictObject({ code: z.string(), message: z.string(), next: z.string() }).nullable(),
  })
  .meta({ id: 'BackupRun' })

const rhythm = z
  .strictObject({
    cron: z.string(),
    time_zone: z.string(),
    next_at: timestamp.nullable().describe('Null while it is paused.'),
    due_by: timestamp
      .nullable()
      .describe('By when the next success is expected at the latest; after that operators are told.'),
  })
  .nullable()
  .describe('Null where it does not happen by itself.')

export const backupStatusView = z.strictObject({
  configured: z.boolean().describe('Whether this server knows where backups go.'),
  targets: z.array(z.string()),
  schedule: rhythm,
  drill: rhythm,
  running: z.array(runView),
  last_success: runView.nullable(),
  last_failure: runView.nullable().describe('The last backup that failed or was missed.'),
  last_verified_restore: runView.nullable(),
})

export const listRunsQuery = z.strictObject({
  ...page,
  kind: z.enum(RUN_KINDS).optional(),
  outcome: z.enum(OUTCOMES).optional(),
})

export const runParams = z.strictObject({ runId: id('run') })

export const startRunBody = z.strictObject({
  kind: z
    .enum(['create', 'drill'])
    .default('create')
    .describe('A backup, or a restore that proves the newest one.'),
})

export const startedView = z.strictObject({
  job_id: id('job'),
  is_new: z.boolean().describe('False where one that was asked for before is not over yet.'),
})
