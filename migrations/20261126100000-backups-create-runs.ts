import { sqlMigration } from './helpers/migration.js'
import { globalTable } from './helpers/tables.js'

/** Backups are of the whole installation, and so belong to no tenant. */
export default sqlMigration(
  'what became of backups, and of what is done with them',
  ...globalTable(
    'backup_runs',
    {
      id: 'uuid not null',
      kind: "text not null check (kind in ('create', 'drill', 'prune'))",
      reason: "text not null check (reason in ('schedule', 'manual'))",
      // The job that did it; null where there was none, as with a backup that did not happen.
      job_id: 'uuid',
      started_at: 'timestamptz(3) not null',
      finished_at: 'timestamptz(3)',
      outcome: `text not null default 'running'
        check (outcome in ('running', 'succeeded', 'failed', 'cancelled', 'interrupted', 'missed'))`,
      backup_id: 'text',
      // Of the backup as stored; of a pruning those it freed.
      bytes: 'bigint',
      duration_ms: 'bigint',
      error_code: 'text',
      error_message: 'text',
      error_next: 'text',
      targets: "jsonb not null default '[]'",
      // When somebody was written to because of it.
      told_at: 'timestamptz(3)',
    },
    {
      primaryKey: 'id',
      indexes: ['created_at desc, id desc', 'kind, outcome, finished_at desc'],
      constraints: ["check ((outcome = 'running') = (finished_at is null))"],
      app: [],
    },
  ),
)
