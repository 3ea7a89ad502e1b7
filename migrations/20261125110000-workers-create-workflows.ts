import { sqlMigration } from './helpers/migration.js'
import { tenantTable } from './helpers/tables.js'

/**
 * Workflows: templates and what was published of them, runs with their steps, waits, events and checkpoints. What runs
 * compute is `json`, not `jsonb`: a resumed run must see its values as it left them, keys in their order.
 */
export default sqlMigration(
  'workflow templates, versions and secrets; runs with their steps, waits, events and checkpoints',
  ...tenantTable(
    'workflow_templates',
    {
      name: 'varchar(48) not null',
      description: "text not null default ''",
      draft: 'json not null',
      // What a run gets that names no version; null before the first is published.
      published_version: 'integer',
      origin: 'text',
      created_by: 'text not null',
    },
    { unique: ['name'] },
  ),

  // Published versions never change: nobody who serves requests may update them.
  ...tenantTable(
    'workflow_versions',
    {
      template_id: 'uuid not null',
      number: 'integer not null check (number > 0)',
      graph: 'json not null',
      // How deep its sub-workflows go; 1 without any.
      depth: 'integer not null',
      note: 'varchar(500)',
      restored_from: 'integer',
      published_by: 'text not null',
    },
    {
      unique: ['template_id, number'],
      listed: false,
      app: ['select', 'insert', 'delete'],
      constraints: [
        'foreign key (tenant_id, template_id) references workflow_templates (tenant_id, id) on delete cascade',
      ],
    },
  ),

  ...tenantTable(
    'workflow_secrets',
    {
      name: 'varchar(60) not null',
      // Encrypted under the master secret, bound to tenant and name.
      sealed: 'bytea not null',
      // The only hosts it is ever sent to.
      hosts: 'text[] not null',
      created_by: 'text not null',
    },
    { primaryKey: 'name' },
  ),

  // No foreign key to the template: runs stay readable after it is deleted.
  ...tenantTable(
    'workflow_runs',
    {
      template_id: 'uuid not null',
      template_name: 'varchar(48) not null',
      version: 'integer not null',
      status: `text not null check (status in
        ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'))`,
      input: 'json not null',
      output: 'json',
      error_code: 'text',
      error_message: 'text',
      error_step: 'text',
      // The job in charge, and the fencing token of its newest execution: nobody else writes.
      job_id: 'uuid',
      fence: 'integer not null default 0',
      event_count: 'integer not null default 0',
      steps_used: 'integer not null default 0',
      tokens_used: 'bigint not null default 0',
      bytes_used: 'bigint not null default 0',
      depth: 'integer not null default 1',
      parent_run_id: 'uuid',
      parent_wait_id: 'uuid',
      replay_of: 'uuid',
      replayed_checkpoint: 'uuid',
      created_by: 'text not null',
      started_at: 'timestamptz(3)',
      finished_at: 'timestamptz(3)',
      deadline_at: 'timestamptz(3) not null',
    },
    { indexes: ['template_id, created_at desc', 'parent_run_id', 'job_id'] },
  ),
  // What the sweep asks: which runs are under way, and which are old enough to go.
  `create index workflow_runs_open on workflow_runs (deadline_at) where status in ('queued', 'running', 'waiting')`,
  `create index workflow_runs_finished on workflow_runs (finished_at) where finished_at is not null`,

  ...tenantTable(
    'workflow_steps',
    {
      run_id: 'uuid not null',
      step: 'varchar(40) not null',
      // Indices of the loops and branches around it, outermost first: "3.0"; empty outside of any.
      iteration: "varchar(120) not null default ''",
      type: 'text not null',
      status: `text not null check (status in ('running', 'waiting', 'succeeded', 'failed', 'cancelled'))`,
      attempts: 'integer not null',
      input: 'json',
      output: 'json',
      error_code: 'text',
      error_message: 'text',
      tokens: 'integer not null default 0',
      started_at: 'timestamptz(3) not null',
      finished_at: 'timestamptz(3)',
    },
    { unique: ['run_id, step, iteration'], listed: false },
  ),

  ...tenantTable(
    'workflow_waits',
    {
      run_id: 'uuid not null',
      step: 'varchar(40) not null',
      iteration: "varchar(120) not null default ''",
      kind: "text not null check (kind in ('timer', 'retry', 'approval', 'job', 'run'))",
      // done: its step has taken the answer.
      status: "text not null check (status in ('pending', 'answered', 'done', 'cancelled'))",
      due_at: 'timestamptz(3)',
      job_id: 'uuid',
      child_run_id: 'uuid',
      spec: 'json not null',
      answer: 'json',
      answered_by: 'text',
      answered_at: 'timestamptz(3)',
    },
    { indexes: ['run_id'], listed: false },
  ),

  ...tenantTable(
    'workflow_events',
    {
      run_id: 'uuid not null',
      sequence: 'integer not null',
      type: 'text not null',
      step: 'varchar(40)',
      iteration: 'varchar(120)',
      data: 'json not null',
    },
    { primaryKey: 'run_id, sequence' },
  ),

  // LangGraph's checkpoints: the versions of channels, apart from their values, which are kept once each.
  ...tenantTable(
    'workflow_checkpoints',
    {
      run_id: 'uuid not null',
      // Empty for the workflow itself; one of its own for each branch of a parallel node.
      ns: 'text not null',
      id: 'uuid not null',
      parent_id: 'uuid',
      // Grows with each checkpoint of a namespace: ids hold the time of whichever host made them.
      step: 'integer not null',
      state: 'json not null',
      metadata: 'json not null',
      // Nodes that ended with it, and those that begin from it.
      after: "text[] not null default '{}'",
      next: "text[] not null default '{}'",
    },
    { primaryKey: 'run_id, ns, id' },
  ),
  ...tenantTable(
    'workflow_checkpoint_values',
    {
      run_id: 'uuid not null',
      ns: 'text not null',
      channel: 'text not null',
      version: 'integer not null',
      value: 'json not null',
    },
    { primaryKey: 'run_id, ns, channel, version' },
  ),
  // What tasks wrote that ended while others beside them still ran.
  ...tenantTable(
    'workflow_checkpoint_writes',
    {
      run_id: 'uuid not null',
      ns: 'text not null',
      checkpoint_id: 'uuid not null',
      task_id: 'uuid not null',
      idx: 'integer not null',
      path: 'text not null',
      channel: 'text not null',
      value: 'json not null',
    },
    { primaryKey: 'run_id, ns, checkpoint_id, task_id, idx' },
  ),
)
