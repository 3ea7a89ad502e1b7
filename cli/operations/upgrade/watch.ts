import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { ProgressStep } from '../../runtimes/runtime.js'
import { type Figures, increase, NOTHING, percentileMs, readFigures, sum } from './answer-figures.js'
import { LONGEST_MS, type RollbackCondition } from './rollback-conditions.js'

const PAUSE_MS = 1_000
/** Fewer requests than this say nothing of a share. */
const LEAST_REQUESTS = 20
/** A server that has just started is slow at first: before so many requests nothing is said of times until the end. */
const SETTLED_REQUESTS = 500

/** For how long an upgrade is watched, and what for. */
export interface Watch {
  watchS: number
  conditions: readonly RollbackCondition[]
}

/**
 * Watches the new version at work. CliError `upgrade_error_rate` as soon as too many of its answers are failures of its own,
 * `upgrade_latency` where they take too long.
 */
export async function watchAnswers(
  deployment: Deployment,
  { watchS, conditions }: Watch,
  step: Pick<ProgressStep, 'update'>,
): Promise<void> {
  let last = await figures(deployment)
  let seen = NOTHING
  for (const deadline = Date.now() + watchS * 1_000; Date.now() < deadline; ) {
    await sleep(Math.min(PAUSE_MS, Math.max(0, deadline - Date.now())))
    const now = await figures(deployment)
    seen = sum(seen, increase(last, now))
    last = now
    step.update(`${seen.all} requests, ${seen.failed} failed`)
    const isEnd = Date.now() >= deadline
    for (const condition of conditions) judge(seen, condition, isEnd)
  }
}

function judge(seen: Figures, condition: RollbackCondition, isEnd: boolean): void {
  const { all, failed } = seen
  if (all < LEAST_REQUESTS) return
  if (condition.kind === 'error-rate' && failed / all > condition.above)
    throw bad(
      'upgrade_error_rate',
      `Of ${all} requests to the new version ${failed} failed, more than ${percent(condition.above)} %.`,
    )
  if (condition.kind !== 'latency' || (!isEnd && all < SETTLED_REQUESTS)) return
  const { percentile, aboveMs } = condition
  const took = percentileMs(seen, percentile)
  if (took > aboveMs)
    throw bad(
      'upgrade_latency',
      `Of ${all} answers of the new version the p${percentile} is ${words(took)}, more than ${aboveMs} ms.`,
    )
}

const percent = (share: number) => Number((share * 100).toFixed(3))
const words = (ms: number) => (Number.isFinite(ms) ? `${Math.round(ms)} ms` : `over ${LONGEST_MS} ms`)

async function figures(deployment: Deployment): Promise<Figures> {
  const response = await fetch(`${deployment.localUrl}/metrics`, {
    headers: { authorization: `Bearer ${await deployment.secret('operator-token')}` },
    signal: AbortSignal.timeout(5_000),
    redirect: 'error',
  }).catch((error: unknown) => {
    throw unwatched(error instanceof Error ? error.message : String(error))
  })
  if (!response.ok) throw unwatched(`it answers ${response.status}`)
  return readFigures(await response.text())
}

function unwatched(reason: string): CliError {
  return bad('upgrade_error_rate', `The new version does not tell its figures: ${reason}`)
}

function bad(code: string, message: string): CliError {
  const next = 'Tell the makers of that version, with the logs: vetrai support bundle'
  return new CliError({ code, message, next })
}
