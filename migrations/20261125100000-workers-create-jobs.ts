import { sqlMigration } from './helpers/migration.js'
import { globalTable, tenantTable } from './helpers/tables.js'

/**
 * Jobs. The rows are the truth: Redis carries ids only and may be lost. Jobs of the installation have the tenant
 * made of zeros; vetrai_app may add such rows and never sees them.
 */
export default sqlMigration(
  'jobs, their attempts, log lines, keys, dead letters and schedules; paused queues',
  ...tenantTable(
    'worker_jobs',
    {
      queue: 'text not null',
      kind: 'text not null',
      payload: 'jsonb not null',
      status: `text not null check (status in
        ('scheduled', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'))`,
      // Higher runs first among the jobs of one tenant.
      priority: 'smallint not null default 0',
      run_at: 'timestamptz(3) not null default now()',
      // What concurrency.perKey counts by.
      lane: "text not null default ''",
      attempt: 'integer not null default 0',
      max_attempts: 'integer not null',
      // Fencing token: grows with every claim, so that only the newest run can settle the job.
      fence: 'integer not null default 0',
      worker: 'text',
      lease_until: 'timestamptz(3)',
      started_at: 'timestamptz(3)',
      finished_at: 'timestamptz(3)',
      cancel_requested_at: 'timestamptz(3)',
      parent_id: 'uuid',
      pending_children: 'integer not null default 0',
      // Null for a job without children.
      on_child_failure: "text check (on_child_failure in ('fail', 'continue'))",
      unique_key: 'text',
      schedule_id: 'uuid',
      progress: 'jsonb',
      result: 'jsonb',
      error: 'text',
      created_by: 'text not null',
      request_id: 'text',
    },
    { installation: true, listed: false },
  ),
  // Lists are in the order of ids, which are UUIDv7; each index below serves one question of the engine.
  `create index worker_jobs_ready on worker_jobs (kind, tenant_id, lane, priority desc, run_at, id) where status = 'queued'`,
  `create index worker_jobs_running on worker_jobs (kind, tenant_id, lane) where status = 'running'`,
  `create index worker_jobs_due on worker_jobs (run_at) where status = 'scheduled'`,
  `create index worker_jobs_children on worker_jobs (tenant_id, parent_id) where parent_id is not null`,
  `create index worker_jobs_age on worker_jobs using brin (created_at) with (pages_per_range = 32, autosummarize = on)`,
  // Rows change twice or more within seconds: vacuum often, so that the partial indexes stay small.
  `alter table worker_jobs set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
     autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0)`,

  // Workers vacuum it in proportion to their work where they can be allowed to (see server/jobs/vacuum.ts).
  `do $$ begin
     if current_setting('server_version_num')::integer >= 170000 then
       execute 'grant maintain on worker_jobs to vetrai_system';
     end if;
   end $$`,

  // One row for each attempt that ended otherwise than in success, which the job's own row tells.
  ...tenantTable(
    'job_attempts',
    {
      job_id: 'uuid not null',
      fence: 'integer not null',
      attempt: 'integer not null',
      outcome: "text not null check (outcome in ('failed', 'timed_out', 'lost', 'cancelled', 'later'))",
      worker: 'text',
      started_at: 'timestamptz(3) not null',
      finished_at: 'timestamptz(3) not null default now()',
      error: 'text',
      next_run_at: 'timestamptz(3)',
    },
    { installation: true, primaryKey: 'job_id, fence' },
  ),

  ...tenantTable(
    'job_logs',
    { job_id: 'uuid not null', sequence: 'integer not null', line: 'text not null' },
    { installation: true, primaryKey: 'job_id, sequence' },
  ),

  // Keys that keep a second job of the same kind from being made; expires_at null: until its job is settled.
  ...tenantTable(
    'job_keys',
    {
      kind: 'text not null',
      key: 'text not null',
      job_id: 'uuid not null',
      expires_at: 'timestamptz(3)',
    },
    { installation: true, primaryKey: 'kind, key' },
  ),

  ...tenantTable(
    'dead_letters',
    {
      job_id: 'uuid not null',
      queue: 'text not null',
      kind: 'text not null',
      reason:
        "text not null check (reason in ('attempts', 'gave_up', 'lost', 'child_failed', 'bad_payload'))",
      error: 'text',
      attempts: 'integer not null',
      redriven_at: 'timestamptz(3)',
      redriven_by: 'text',
    },
    { installation: true, indexes: ['job_id'] },
  ),

  ...tenantTable(
    'schedules',
    {
      name: 'text not null',
      kind: 'text not null',
      payload: "jsonb not null default '{}'",
      // Exactly one of the two.
      cron: 'text',
      every_s: 'integer check (every_s > 0)',
      time_zone: "text not null default 'UTC'",
      // What happens to firings missed while nothing ran: none, the last, or each (bounded).
      catch_up: "text not null default 'last' check (catch_up in ('none', 'last', 'all'))",
      // Whether a firing makes a job while the one before it is not settled.
      overlap: "text not null default 'allow' check (overlap in ('allow', 'skip'))",
      paused_at: 'timestamptz(3)',
      starts_at: 'timestamptz(3)',
      ends_at: 'timestamptz(3)',
      // Null while it is paused and when it has come to its end.
      next_at: 'timestamptz(3)',
      // The last firing that made a job, and that job.
      last_at: 'timestamptz(3)',
      last_job_id: 'uuid',
      // Firings that made no job, and why the last one did not; null after one that did.
      missed: 'integer not null default 0',
      last_error: 'text',
      created_by: 'text not null',
    },
    {
      installation: true,
      unique: ['name'],
      constraints: ['check ((cron is null) <> (every_s is null))'],
    },
  ),
  'create index schedules_due on schedules (next_at) where next_at is not null',

  // Starts counted against a kind's rate; one row a window and tenant (the zeros: the installation).
  ...globalTable(
    'job_rates',
    {
      kind: 'text not null',
      counted_for: 'uuid not null',
      window_start: 'timestamptz(3) not null',
      starts: 'integer not null',
    },
    { primaryKey: 'kind, counted_for', app: [] },
  ),

  // Queues that are paused; a queue without a row runs.
  ...globalTable(
    'job_queues',
    { name: 'text not null', paused_at: 'timestamptz(3)', paused_by: 'text', reason: 'text' },
    { primaryKey: 'name', app: ['select'] },
  ),

  // Built-in periodic jobs are schedules of the installation now.
  'drop table job_runs',
)
