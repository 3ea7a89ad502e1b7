import { BackupError } from '../../../backup/backup-error.js'
import { BACKUP_TOOL, runBackupTool, type ToolEvent } from '../../../backup/run-backup-tool.js'
import type { Ctx } from '../../../kernel/context.js'
import { type JobHandle, JobLost } from '../../../kernel/job-handle.js'
import { defineState, stateOf } from '../../../kernel/resources.js'
import { scrub } from '../../../observability/logger.js'
import {
  type BackupRun,
  endRun,
  findLast,
  insertRun,
  type RunEnd,
  type RunKind,
  type RunReason,
} from '../models/backup-run.js'
import { closeLost } from './close-lost.js'
import { tellOfFailure, tellOfRecovery } from './tell-operator.js'

const WORDS_MAX = 2_000

/** The program that does the work, which reads the settings of this process; tests put others in its place. */
export const toolState = defineState('program for backups', () => ({
  program: BACKUP_TOOL,
  env: process.env,
}))

/** Work of the program that is to be reported. */
export interface Work {
  kind: RunKind
  reason: RunReason
  request: object
  /** What of the result is kept; throws for a result that is none. */
  facts: (result: unknown) => Pick<RunEnd, 'backupId' | 'bytes' | 'targets'>
  /** Runs in the transaction that keeps a success. */
  followUp?: (ctx: Ctx) => Promise<void>
}

/**
 * Has the program do its work, and reports it as a run, however it ends. That it succeeded, what follows from that and the end
 * of the job are kept together or not at all.
 */
export async function runWork(ctx: Ctx, job: JobHandle, work: Work): Promise<void> {
  const { kind, reason } = work
  await closeLost(ctx)
  const id = await ctx.system('runs of backups', () => insertRun(ctx, { kind, reason, jobId: job.id }))
  const began = performance.now()
  const durationMs = () => Math.round(performance.now() - began)
  try {
    const result = await runBackupTool({
      ...stateOf(ctx.resources, toolState),
      verb: kind,
      request: work.request,
      signal: job.signal,
      onStep: (event) => note(job, event),
    })
    const end = { outcome: 'succeeded' as const, durationMs: durationMs(), ...work.facts(result) }
    await job.finish(() => keepSuccess(ctx, id, end, work))
  } catch (error) {
    const end = endOf(job, error)
    const run = await ctx.system('runs of backups', async () => {
      const ended = await endRun(ctx, id, { ...end, durationMs: durationMs() })
      if (ended && isFinal(job, ended)) await tellOfFailure(ctx, ended)
      return ended
    })
    ctx.log.error(
      { kind, code: run?.errorCode, outcome: end.outcome, err: error },
      'work on backups did not succeed',
    )
    throw error
  }
}

async function keepSuccess(ctx: Ctx, id: string, end: RunEnd, { kind, followUp }: Work): Promise<object> {
  const before = await findLast(ctx, kind, ['succeeded'])
  const run = await endRun(ctx, id, end)
  if (run) await tellOfRecovery(ctx, run, before)
  await followUp?.(ctx)
  return { run_id: id, backup_id: end.backupId ?? null, bytes: end.bytes ?? null }
}

function note(job: JobHandle, event: ToolEvent): void {
  if ('step' in event) {
    job.log(event.step)
    job.progress(0, event.step)
  } else job.progress(event.total ? (event.done ?? 0) / event.total : 0, event.detail)
}

function endOf(job: JobHandle, error: unknown): RunEnd {
  const reason = /: (\w+)$/.exec(String((job.signal.reason as Error | undefined)?.message ?? ''))?.[1]
  if (job.signal.aborted && reason === 'cancelled') return { outcome: 'cancelled' }
  if (error instanceof JobLost || (job.signal.aborted && reason !== 'timeout'))
    return { outcome: 'interrupted' }
  return { outcome: 'failed', error: job.signal.aborted ? TIMED_OUT : problemOf(error) }
}

const TIMED_OUT = {
  code: 'timed_out',
  message: 'It took longer than it may.',
  next: 'See that the targets are fast enough, and that no throttle is too low (backup.throttle_mb_s in vetrai.yml).',
}

function problemOf(error: unknown): { code: string; message: string; next: string } {
  if (error instanceof BackupError) {
    const { code, message, next } = error
    return { code, message: scrub(message).slice(0, WORDS_MAX), next: scrub(next).slice(0, WORDS_MAX) }
  }
  const words = scrub(error instanceof Error ? error.message : String(error)).slice(0, WORDS_MAX)
  return {
    code: 'backup_failed',
    message: words,
    next: 'See how it stands with `vetrai status`, then: vetrai backup create',
  }
}

/** Whether nothing tries it again by itself. */
function isFinal(job: JobHandle, run: BackupRun): boolean {
  return run.outcome === 'failed' && job.attempt >= job.attempts
}
