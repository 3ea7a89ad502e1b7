import type { Ctx } from '../../../../kernel/context.js'
import { JobLost } from '../../../../kernel/job-handle.js'

/** Who may write of a run: the newest execution of the job in charge of it. */
export interface Guard {
  runId: string
  jobId: string
  fence: number
}

export interface CheckpointRow {
  ns: string
  id: string
  parent_id: string | null
  step: number
  state: unknown
  metadata: unknown
  after: string[]
  next: string[]
}

export interface ValueRow {
  ns: string
  channel: string
  version: number
  value: unknown
}

export interface WriteRow {
  ns: string
  checkpoint_id: string
  task_id: string
  idx: number
  path: string
  channel: string
  value: unknown
}

export interface StepRow {
  id: string
  step: string
  iteration: string
  type: string
  status: 'running' | 'waiting' | 'succeeded' | 'failed'
  attempts: number
  input: unknown
  output: unknown
  error_code: string | null
  error_message: string | null
  tokens: number
  started_at: string
  finished_at: string | null
}

export interface EventRow {
  type: string
  step: string | null
  iteration: string | null
  data: Record<string, unknown>
}

/** What a run has come to since it was last kept. */
export interface Progress {
  checkpoints: CheckpointRow[]
  values: ValueRow[]
  writes: WriteRow[]
  steps: StepRow[]
  events: EventRow[]
  /** Waits whose answers steps have taken. */
  takenWaits: string[]
  steps_used: number
  tokens_used: number
  bytes_used: number
}

/**
 * Keeps progress, all of it or nothing, in one statement. Throws JobLost, and keeps nothing, where another execution
 * is in charge of the run by now or the run is over.
 */
export async function keepProgress(
  ctx: Ctx,
  { runId, jobId, fence }: Guard,
  progress: Progress,
): Promise<void> {
  const rows = await ctx.db.query({
    name: 'workflows-keep-progress',
    text: KEEP,
    values: [
      ...[ctx.tenant.id, runId, jobId, fence],
      ...[progress.events.length, progress.steps_used, progress.tokens_used, progress.bytes_used],
      JSON.stringify(progress.checkpoints),
      JSON.stringify(progress.values),
      JSON.stringify(progress.writes),
      JSON.stringify(progress.steps),
      JSON.stringify(progress.events),
      progress.takenWaits,
    ],
  })
  if (rows.length === 0) throw new JobLost('the run is over, or belongs to another execution by now')
}

const KEEP = `
  with mine as (
    update workflow_runs set event_count = event_count + $5::integer, steps_used = steps_used + $6::integer,
      tokens_used = tokens_used + $7::bigint, bytes_used = bytes_used + $8::bigint
    where tenant_id = $1 and id = $2 and job_id = $3 and fence = $4 and status = 'running'
    returning event_count - $5::integer as events_before),
  checkpoints as (
    insert into workflow_checkpoints (tenant_id, run_id, ns, id, parent_id, step, state, metadata, after, next)
    select $1, $2, c.* from mine, json_to_recordset($9::json)
      c (ns text, id uuid, parent_id uuid, step integer, state json, metadata json, after text[], next text[])
    on conflict do nothing),
  values as (
    insert into workflow_checkpoint_values (tenant_id, run_id, ns, channel, version, value)
    select $1, $2, v.ns, v.channel, v.version, coalesce(v.value, 'null') from mine, json_to_recordset($10::json) v (ns text, channel text, version integer, value json)
    on conflict do nothing),
  writes as (
    insert into workflow_checkpoint_writes (tenant_id, run_id, ns, checkpoint_id, task_id, idx, path, channel, value)
    select $1, $2, w.ns, w.checkpoint_id, w.task_id, w.idx, w.path, w.channel, coalesce(w.value, 'null') from mine, json_to_recordset($11::json)
      w (ns text, checkpoint_id uuid, task_id uuid, idx integer, path text, channel text, value json)
    on conflict (tenant_id, run_id, ns, checkpoint_id, task_id, idx)
      do update set path = excluded.path, channel = excluded.channel, value = excluded.value),
  steps as (
    insert into workflow_steps as known (tenant_id, run_id, id, step, iteration, type, status, attempts, input, output,
      error_code, error_message, tokens, started_at, finished_at)
    select $1, $2, s.* from mine, json_to_recordset($12::json)
      s (id uuid, step text, iteration text, type text, status text, attempts integer, input json, output json,
        error_code text, error_message text, tokens integer, started_at timestamptz, finished_at timestamptz)
    on conflict (tenant_id, run_id, step, iteration) do update set status = excluded.status,
      attempts = excluded.attempts, input = coalesce(excluded.input, known.input), output = excluded.output,
      error_code = excluded.error_code, error_message = excluded.error_message, tokens = excluded.tokens,
      finished_at = excluded.finished_at),
  events as (
    insert into workflow_events (tenant_id, run_id, sequence, type, step, iteration, data)
    select $1, $2, mine.events_before + row_number() over (), e.type, e.step, e.iteration, e.data
    from mine, json_to_recordset($13::json) e (type text, step text, iteration text, data json)),
  waits as (
    update workflow_waits w set status = 'done' from mine where w.tenant_id = $1 and w.id = any ($14::uuid[]))
  select 1 from mine`
