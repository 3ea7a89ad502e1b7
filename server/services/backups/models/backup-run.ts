import type { Ctx } from '../../../kernel/context.js'
import { newId } from '../../../kernel/ids.js'
import type { Position } from '../../../kernel/pagination.js'

export const RUN_KINDS = ['create', 'drill', 'prune'] as const
export type RunKind = (typeof RUN_KINDS)[number]
export const RUN_REASONS = ['schedule', 'manual'] as const
export type RunReason = (typeof RUN_REASONS)[number]
export const OUTCOMES = ['running', 'succeeded', 'failed', 'cancelled', 'interrupted', 'missed'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** One run of what works on backups, or a backup that should have been and was not (`missed`). */
export interface BackupRun {
  id: string
  kind: RunKind
  reason: RunReason
  jobId: string | null
  startedAt: Date
  finishedAt: Date | null
  outcome: Outcome
  backupId: string | null
  bytes: number | null
  durationMs: number | null
  errorCode: string | null
  errorMessage: string | null
  errorNext: string | null
  targets: string[]
  toldAt: Date | null
  createdAt: Date
}

type Row = BackupRun & Record<string, unknown>

const COLUMNS = `id, kind, reason, job_id as "jobId", started_at as "startedAt", finished_at as "finishedAt", outcome,
  backup_id as "backupId", bytes::double precision as bytes, duration_ms::double precision as "durationMs",
  error_code as "errorCode", error_message as "errorMessage", error_next as "errorNext", targets, told_at as "toldAt",
  created_at as "createdAt"`

/** What is known of a run from its end. */
export interface RunEnd {
  outcome: Exclude<Outcome, 'running'>
  backupId?: string | null
  bytes?: number | null
  durationMs?: number | null
  targets?: readonly string[]
  error?: { code: string; message: string; next: string } | null
}

/** Notes that a run begins. All of this needs a system transaction. */
export async function insertRun(
  ctx: Ctx,
  { kind, reason, jobId }: Pick<BackupRun, 'kind' | 'reason' | 'jobId'>,
): Promise<string> {
  const id = newId()
  await ctx.db.execute({
    text: `insert into backup_runs (id, kind, reason, job_id, started_at) values ($1, $2, $3, $4, $5)`,
    values: [id, kind, reason, jobId, ctx.now()],
  })
  return id
}

/** Notes how a run ended, unless that is known already; answers the run then. */
export async function endRun(ctx: Ctx, id: string, end: RunEnd): Promise<BackupRun | undefined> {
  const [run] = await ctx.db.query<Row>({
    text: `update backup_runs set outcome = $2, finished_at = $3, backup_id = $4, bytes = $5, duration_ms = $6,
        targets = $7, error_code = $8, error_message = $9, error_next = $10
      where id = $1 and outcome = 'running' returning ${COLUMNS}`,
    values: [
      ...[id, end.outcome, ctx.now(), end.backupId ?? null, end.bytes ?? null, end.durationMs ?? null],
      ...[JSON.stringify(end.targets ?? []), end.error?.code ?? null, end.error?.message ?? null],
      end.error?.next ?? null,
    ],
  })
  return run
}

/** Notes a backup that should have been by now and is not. */
export async function insertMissed(ctx: Ctx, since: Date, error: RunEnd['error']): Promise<BackupRun> {
  const [run] = await ctx.db.query<Row>({
    text: `insert into backup_runs (id, kind, reason, started_at, finished_at, outcome, error_code, error_message, error_next)
      values ($1, 'create', 'schedule', $2, $3, 'missed', $4, $5, $6) returning ${COLUMNS}`,
    values: [newId(), since, ctx.now(), error?.code ?? null, error?.message ?? null, error?.next ?? null],
  })
  return run as BackupRun
}

/** Runs that are said to go on while their job does not: whoever did them is dead. */
export function findLost(ctx: Ctx): Promise<{ id: string; kind: RunKind }[]> {
  return ctx.db.query({
    text: `select id, kind from backup_runs r where outcome = 'running' and not exists
      (select from worker_jobs j where j.id = r.job_id and j.status = 'running')`,
  })
}

/** The last run of a kind with one of these outcomes. */
export async function findLast(
  ctx: Ctx,
  kind: RunKind,
  outcomes: readonly Outcome[],
): Promise<BackupRun | undefined> {
  const [run] = await ctx.db.query<Row>({
    name: 'backups-find-last',
    text: `select ${COLUMNS} from backup_runs where kind = $1 and outcome = any($2)
      order by coalesce(finished_at, started_at) desc, id desc limit 1`,
    values: [kind, outcomes],
  })
  return run
}

/** Whether somebody was written to, since a moment, because a kind failed in this way; in any way where no code is given. */
export async function wasTold(ctx: Ctx, kind: RunKind, since: Date, code?: string | null): Promise<boolean> {
  const [told] = await ctx.db.query({
    text: `select from backup_runs where kind = $1 and told_at > $2 and ($3::text is null or error_code = $3) limit 1`,
    values: [kind, since, code ?? null],
  })
  return told !== undefined
}

/** Notes that somebody is written to because of a run. */
export async function markTold(ctx: Ctx, id: string): Promise<void> {
  await ctx.db.execute({ text: 'update backup_runs set told_at = $2 where id = $1', values: [id, ctx.now()] })
}

/** Runs of a list, newest first. */
export function listRuns(
  ctx: Ctx,
  { kind, outcome }: { kind?: RunKind | undefined; outcome?: Outcome | undefined },
  { after, limit }: { after: Position | null; limit: number },
): Promise<BackupRun[]> {
  return ctx.db.query<Row>({
    text: `select ${COLUMNS} from backup_runs
      where ($1::text is null or kind = $1) and ($2::text is null or outcome = $2)
        and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
      order by created_at desc, id desc limit $5`,
    values: [kind ?? null, outcome ?? null, after?.createdAt ?? null, after?.id ?? null, limit],
  })
}

/** Removes runs that nobody will ask for again, but never the last that succeeded. */
export function deleteOldRuns(ctx: Ctx, before: Date): Promise<number> {
  return ctx.db.execute({
    text: `delete from backup_runs r where created_at < $1 and outcome <> 'running' and (outcome <> 'succeeded'
      or exists (select from backup_runs o where o.kind = r.kind and o.outcome = 'succeeded'
        and (o.finished_at, o.id) > (r.finished_at, r.id)))`,
    values: [before],
  })
}

/** A run by its id. */
export async function findRun(ctx: Ctx, id: string): Promise<BackupRun | undefined> {
  const [run] = await ctx.db.query<Row>({
    text: `select ${COLUMNS} from backup_runs where id = $1`,
    values: [id],
  })
  return run
}
