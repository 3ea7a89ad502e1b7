import { newId } from '../../kernel/ids.js'
import { withClient } from '../database/open-client.js'
import type { ToolContext } from './context.js'

/** What was done for the command line. */
export interface NotedRun {
  kind: 'create' | 'drill'
  backup: string
  bytes: number | null
  targets: string[]
  durationMs: number
}

/**
 * Reports what succeeded for the command line beside the runs of the schedule, so that metrics and alerts know of it. The server
 * reports its own runs; it does not have the owner's password, which tells the two apart. A report that cannot be made costs
 * nothing but itself.
 */
export async function noteRun(context: ToolContext, run: NotedRun): Promise<void> {
  const { DATABASE_OWNER_PASSWORD: owner, DATABASE_SYSTEM_PASSWORD: system } = context.settings
  if (owner === undefined || system === undefined) return
  const { kind, backup, bytes, targets, durationMs } = run
  await withClient(context.systemLogin, (client) =>
    client.query(
      `insert into backup_runs (id, kind, reason, started_at, finished_at, outcome, backup_id, bytes, duration_ms, targets)
       values ($1, $2, 'manual', now() - $3::double precision * interval '1 millisecond', now(), 'succeeded', $4, $5, $3, $6)`,
      [newId(), kind, Math.round(durationMs), backup, bytes, JSON.stringify(targets)],
    ),
  ).catch(() => undefined)
}
