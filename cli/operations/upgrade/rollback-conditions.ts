/** A condition after which the version before is put back. */
export type RollbackCondition =
  | { kind: 'not-ready' | 'smoke' }
  /** More than this share of the answers are failures of the server's own. */
  | { kind: 'error-rate'; above: number }
  /** This share of the answers takes longer than that. */
  | { kind: 'latency'; percentile: number; aboveMs: number }

/** How each is written. */
export const CONDITION_NOTATIONS = ['not-ready', 'smoke', 'error-rate>5%', 'latency:p95>1500ms'] as const
/** What counts where nothing else is said; which time is too long only the operator knows. */
export const USUAL_CONDITIONS = 'not-ready,smoke,error-rate'

const USUAL_FAILED = 0.05
/** The last bound that the server sorts the times of its answers by. */
export const LONGEST_MS = 10_000

const ERROR_RATE = /^error-rate(?:>(\d{1,2}(?:\.\d+)?)%)?$/
const LATENCY = /^latency:p(\d{1,2}(?:\.\d+)?)>(\d+(?:\.\d+)?)(ms|s)$/

/** Reads a condition; undefined where there is none like that. */
export function parseCondition(text: string): RollbackCondition | undefined {
  if (text === 'not-ready' || text === 'smoke') return { kind: text }
  const rate = ERROR_RATE.exec(text)
  if (rate) return { kind: 'error-rate', above: rate[1] === undefined ? USUAL_FAILED : Number(rate[1]) / 100 }
  const [, percentile, time, unit] = LATENCY.exec(text) ?? []
  const aboveMs = Number(time) * (unit === 's' ? 1_000 : 1)
  // Of what takes longer the server only tells that it does.
  if (!(Number(percentile) > 0 && aboveMs > 0 && aboveMs < LONGEST_MS)) return undefined
  return { kind: 'latency', percentile: Number(percentile), aboveMs }
}

/** Whether it is the answers to requests that tell. */
export function isMeasured({ kind }: RollbackCondition): boolean {
  return kind === 'error-rate' || kind === 'latency'
}
