/** One expression over one scope, both as text. */
export interface EvaluationRequest {
  id: number
  tenantId: string
  expression: string
  scope: string
}

/** What the process says once it can evaluate. */
export const READY = 'ready'

/** What came of it: the result as JSON text, or why there is none. */
export interface EvaluationAnswer {
  id: number
  json?: string
  error?: { code: string; message: string }
}

/** Bounds of one evaluation, its time being that of the processor. The parent process ends this one where they are not enough. */
export const EVALUATION_LIMITS = {
  timeMs: 1_000,
  depth: 400,
  items: 100_000,
  resultCharacters: 1_048_576,
} as const
