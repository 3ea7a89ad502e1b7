import type { Ctx } from '../../../../kernel/context.js'

/** A stored checkpoint of one namespace, its channels' values put together again. */
export interface StoredCheckpoint {
  id: string
  parentId: string | null
  state: { channel_versions: Record<string, number>; [field: string]: unknown }
  metadata: Record<string, unknown>
  values: Record<string, unknown>
  writes: { taskId: string; channel: string; value: unknown }[]
}

/** The newest checkpoint of a namespace, or the one with this id. Nothing but these three keys finds one. */
export async function readCheckpoint(
  ctx: Ctx,
  { runId, ns, id }: { runId: string; ns: string; id?: string | undefined },
): Promise<StoredCheckpoint | null> {
  const [row] = await ctx.db.query<StoredCheckpoint & Record<string, unknown>>({
    name: 'workflows-read-checkpoint',
    text: `select c.id, c.parent_id as "parentId", c.state, c.metadata,
        coalesce((select json_object_agg(v.channel, v.value) from json_each_text(c.state -> 'channel_versions') n
          join workflow_checkpoint_values v on v.tenant_id = c.tenant_id and v.run_id = c.run_id and v.ns = c.ns
            and v.channel = n.key and v.version = n.value::integer), '{}') as values,
        coalesce((select json_agg(json_build_object('taskId', w.task_id, 'channel', w.channel, 'value', w.value)
            order by w.path, w.task_id, w.idx)
          from workflow_checkpoint_writes w where w.tenant_id = c.tenant_id and w.run_id = c.run_id and w.ns = c.ns
            and w.checkpoint_id = c.id), '[]') as writes
      from workflow_checkpoints c
      where c.tenant_id = $1 and c.run_id = $2 and c.ns = $3 and ($4::uuid is null or c.id = $4)
      order by c.step desc limit 1`,
    values: [ctx.tenant.id, runId, ns, id ?? null],
  })
  return row ?? null
}

/** A checkpoint of the workflow itself as a list shows it. */
export interface CheckpointSummary {
  id: string
  step: number
  after: string[]
  next: string[]
  createdAt: Date
}

/** Checkpoints of the workflow itself before a step, newest first; that of the bare input is none to go back to. */
export async function listCheckpoints(
  ctx: Ctx,
  runId: string,
  window: { before: number | null; limit: number },
): Promise<CheckpointSummary[]> {
  return ctx.db.query<CheckpointSummary & Record<string, unknown>>({
    name: 'workflows-list-checkpoints',
    text: `select id, step, after, next, created_at as "createdAt" from workflow_checkpoints
      where tenant_id = $1 and run_id = $2 and ns = '' and step >= 0 and ($3::integer is null or step < $3)
      order by step desc limit $4`,
    values: [ctx.tenant.id, runId, window.before, window.limit],
  })
}

/** A checkpoint of the workflow itself; null where there is none. */
export async function findCheckpoint(
  ctx: Ctx,
  runId: string,
  id: string,
): Promise<(CheckpointSummary & { values: Record<string, unknown> }) | null> {
  const [row] = await ctx.db.query<CheckpointSummary & Record<string, unknown>>({
    name: 'workflows-find-checkpoint',
    text: `select id, step, after, next, created_at as "createdAt" from workflow_checkpoints
      where tenant_id = $1 and run_id = $2 and ns = '' and id = $3`,
    values: [ctx.tenant.id, runId, id],
  })
  if (!row) return null
  const stored = await readCheckpoint(ctx, { runId, ns: '', id })
  return { ...row, values: stored?.values ?? {} }
}

/**
 * Makes a checkpoint of one run the beginning of another, with some values changed. What tasks wrote after it stays
 * behind: they run again.
 */
export async function copyCheckpoint(
  ctx: Ctx,
  { from, to, id }: { from: string; to: string; id: string },
  changed: Record<string, unknown>,
): Promise<void> {
  await ctx.db.execute({
    name: 'workflows-copy-checkpoint',
    text: `insert into workflow_checkpoints (tenant_id, run_id, ns, id, parent_id, step, state, metadata, after, next)
      select tenant_id, $3, '', id, null, step, state, metadata, after, next from workflow_checkpoints
      where tenant_id = $1 and run_id = $2 and ns = '' and id = $4`,
    values: [ctx.tenant.id, from, to, id],
  })
  await ctx.db.execute({
    name: 'workflows-copy-values',
    text: `insert into workflow_checkpoint_values (tenant_id, run_id, ns, channel, version, value)
      select v.tenant_id, $3, '', v.channel, v.version, coalesce($5::json -> v.channel, v.value)
      from workflow_checkpoints c cross join lateral json_each_text(c.state -> 'channel_versions') n
        join workflow_checkpoint_values v on v.tenant_id = c.tenant_id and v.run_id = c.run_id and v.ns = c.ns
          and v.channel = n.key and v.version = n.value::integer
      where c.tenant_id = $1 and c.run_id = $2 and c.ns = '' and c.id = $4`,
    values: [ctx.tenant.id, from, to, id, JSON.stringify(changed)],
  })
}
