import type { z } from 'zod'
import type { CheckpointSummary } from './models/checkpoint.js'
import type { RunEvent } from './models/event.js'
import type { WorkflowRun } from './models/run.js'
import type { SecretEntry } from './models/secret.js'
import type { WorkflowStep } from './models/step.js'
import type { WorkflowTemplate } from './models/template.js'
import type { WorkflowVersion } from './models/version.js'
import type { Wait } from './models/wait.js'
import { channels } from './runs/compile.js'
import type { StepState } from './runs/scope.js'
import { showable } from './runs/values.js'
import type {
  checkpointStateView,
  checkpointView,
  eventView,
  runView,
  secretView,
  stepView,
  templateView,
  versionView,
  waitView,
} from './schemas.js'

type Json = z.input<typeof runView>['output']
type JsonObject = Record<string, Json>

export function presentTemplate(template: WorkflowTemplate): z.input<typeof templateView> {
  return {
    id: template.id,
    name: template.name,
    description: template.description,
    graph: template.draft as JsonObject,
    published_version: template.publishedVersion,
    origin: template.origin,
    created_by: template.createdBy,
    created_at: template.createdAt.toISOString(),
    updated_at: template.updatedAt.toISOString(),
  }
}

export function presentVersion(version: WorkflowVersion): z.input<typeof versionView> {
  return {
    template_id: version.templateId,
    version: version.number,
    graph: version.graph as JsonObject,
    depth: version.depth,
    note: version.note,
    restored_from: version.restoredFrom,
    published_by: version.publishedBy,
    created_at: version.createdAt.toISOString(),
  }
}

export function presentSecret(secret: SecretEntry): z.input<typeof secretView> {
  return {
    name: secret.name,
    hosts: secret.hosts,
    created_by: secret.createdBy,
    created_at: secret.createdAt.toISOString(),
    updated_at: secret.updatedAt.toISOString(),
  }
}

/** A run with what it waits for; its input and output are the caller’s own. */
export function presentRun(run: WorkflowRun, waits: readonly Wait[] = []): z.input<typeof runView> {
  const { errorCode, errorMessage, errorStep } = run
  return {
    id: run.id,
    template_id: run.templateId,
    template: run.templateName,
    version: run.version,
    status: run.status,
    input: run.input as JsonObject,
    output: (run.output ?? null) as Json,
    error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '', step: errorStep },
    waiting_for: waits.filter(({ status }) => status === 'pending').map(presentWait),
    usage: { steps: run.stepsUsed, tokens: run.tokensUsed, bytes: run.bytesUsed },
    parent_run_id: run.parentRunId,
    replay_of: run.replayOf,
    created_by: run.createdBy,
    created_at: run.createdAt.toISOString(),
    started_at: iso(run.startedAt),
    finished_at: iso(run.finishedAt),
    deadline_at: run.deadlineAt.toISOString(),
  }
}

function presentWait(wait: Wait): z.input<typeof waitView> {
  const { title, message, schema, approvers } = wait.spec
  return {
    id: wait.id,
    step: wait.step,
    iteration: wait.iteration,
    kind: wait.kind,
    until: iso(wait.dueAt),
    title: (title as string | undefined) ?? null,
    message: (message as string | null | undefined) ?? null,
    schema: (schema as JsonObject | undefined) ?? null,
    approvers: (approvers as string[] | null | undefined) ?? null,
    run_id: wait.childRunId,
    job_id: wait.jobId,
  }
}

export function presentStep(step: WorkflowStep): z.input<typeof stepView> {
  const { errorCode, errorMessage, startedAt, finishedAt } = step
  return {
    id: step.id,
    step: step.step,
    iteration: step.iteration,
    type: step.type,
    status: step.status,
    attempts: step.attempts,
    input: (step.input ?? null) as Json,
    output: (step.output ?? null) as Json,
    error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
    tokens: step.tokens,
    started_at: startedAt.toISOString(),
    finished_at: iso(finishedAt),
    duration_ms: finishedAt && finishedAt.getTime() - startedAt.getTime(),
  }
}

export function presentCheckpoint(checkpoint: CheckpointSummary): z.input<typeof checkpointView> {
  return {
    id: checkpoint.id,
    step: checkpoint.step,
    after: checkpoint.after,
    next: checkpoint.next,
    created_at: checkpoint.createdAt.toISOString(),
  }
}

export function presentCheckpointState(
  checkpoint: CheckpointSummary & { values: Record<string, unknown> },
): z.input<typeof checkpointStateView> {
  const prefix = channels.out('')
  const steps = Object.entries(checkpoint.values)
    .filter(([channel]) => channel.startsWith(prefix))
    .map(([channel, value]) => {
      const { status, output } = value as StepState
      return [channel.slice(prefix.length), { status, output: showable(output) as Json }] as const
    })
  return { ...presentCheckpoint(checkpoint), steps: Object.fromEntries(steps) }
}

export function presentEvent(event: RunEvent): z.input<typeof eventView> {
  return {
    sequence: event.sequence,
    type: event.type,
    step: event.step,
    iteration: event.iteration,
    data: event.data as JsonObject,
    at: event.createdAt.toISOString(),
  }
}

function iso(date: Date | null): string | null {
  return date ? date.toISOString() : null
}
