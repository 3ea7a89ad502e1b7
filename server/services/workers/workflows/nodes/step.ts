import type { z } from 'zod'
import type { Ctx } from '../../../../kernel/context.js'
import type { Part } from '../expressions/template.js'

/** One execution of a node, as its code sees it. */
export interface Step {
  readonly ctx: Ctx
  readonly runId: string
  readonly id: string
  /** Indices of the loops and branches around it, e.g. "3.0". */
  readonly iteration: string
  /** The same for every attempt of this execution, and for no other: remote ends tell repeats by it. */
  readonly idempotencyKey: string
  /** Aborted when the run is cancelled, lost or out of time. */
  readonly signal: AbortSignal
  /** Configuration with its expressions evaluated, checked once more: an expression may have made anything of it. */
  config<S extends z.ZodType>(schema: S, raw: unknown): Promise<z.output<S>>
  /** The result of one expression; undefined results are null. */
  evaluate(expression: string): Promise<unknown>
  /** Texts that may hold secrets, once as they are sent to this URL and once as they may be shown. */
  reveal(texts: Readonly<Record<string, readonly Part[]>>, url: URL): Promise<Revealed>
  /** Keeps what the step was given, for people to see; secrets must not be in it. */
  show(input: unknown): void
  /** Tokens the run may still use. */
  tokensLeft(): number
  /** Counts tokens used, whatever comes of the step. */
  useTokens(count: number): void
  /** Begins a run of another workflow for a wait of this step; answers its id. */
  beginWorkflow(
    target: { template: string; version: number; input: Record<string, unknown> },
    waitId: string,
  ): Promise<string>
  /**
   * What was waited for. The first time the step ends here, and with it, unless other branches go on, the job: no
   * worker is held. When the answer is there the step runs again from its beginning and gets it.
   */
  wait(request: WaitRequest): Promise<WaitAnswer>
}

/** Texts with the secrets that were put into them. */
export interface Revealed {
  /** As they are sent. */
  real: Record<string, string>
  /** As they may be shown: with the names of secrets. */
  shown: Record<string, string>
  /** The values of secrets in use, in every form in which they may be met again. */
  secrets: string[]
}

export type WaitKind = 'timer' | 'retry' | 'approval' | 'job' | 'run'

export interface WaitRequest {
  kind: WaitKind
  /** When it is over without an answer. */
  dueAt?: Date
  /** What whoever answers needs to know; no secrets. */
  spec: Record<string, unknown>
  /** Begins what is waited for, in the transaction that stores the wait. */
  begin?: (waitId: string) => Promise<{ jobId?: string; childRunId?: string }>
}

export type WaitAnswer =
  | { kind: 'answered'; value: unknown; by: string | null }
  /** Its time was over first. */
  | { kind: 'due' }
  | { kind: 'failed'; code: string; message: string }

/** What a node came to. */
export interface StepResult {
  output: unknown
}

/** A step that failed in a way its node may be told to live with. Words are fit for the tenant. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
  constructor(
    readonly code: string,
    message: string,
    readonly options: { isRetryable?: boolean; retryAfterMs?: number | null } = {},
  ) {
    super(message)
  }
}

/** What a template was to make an object of; throws where it made something else. */
export function asObject(field: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new StepFailure('invalid_config', `"${field}" must be an object.`)
}
