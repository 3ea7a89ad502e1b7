import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { ProgressStep } from '../../runtimes/runtime.js'

const PAUSE_MS = 1_000
/** Fewer requests than this say nothing of a share. */
const LEAST_REQUESTS = 20
/** Share of failed requests (5xx) from which on a version is bad. */
const MOST_FAILED = 0.05

interface Figures {
  all: number
  failed: number
}

/** Watches the new version at work. CliError `upgrade_error_rate` as soon as too many of its answers are failures of its own. */
export async function watchErrors(deployment: Deployment, watchS: number, step: ProgressStep): Promise<void> {
  const before = await figures(deployment)
  for (const deadline = Date.now() + watchS * 1_000; Date.now() < deadline; ) {
    await sleep(Math.min(PAUSE_MS, Math.max(0, deadline - Date.now())))
    const now = await figures(deployment)
    const all = now.all - before.all
    const failed = now.failed - before.failed
    step.update(`${all} requests, ${failed} failed`)
    if (all >= LEAST_REQUESTS && failed / all > MOST_FAILED) throw tooMany(all, failed)
  }
}

/** Adds up what /metrics says of requests, by the class of their status. */
export function readFigures(text: string): Figures {
  const figures = { all: 0, failed: 0 }
  for (const line of text.split('\n')) {
    const [, labels = '', value = ''] =
      /^vetrai_http_request_duration_seconds_count\{(.*)\} (\S+)$/.exec(line) ?? []
    if (labels === '') continue
    figures.all += Number(value)
    if (/status="5/.test(labels)) figures.failed += Number(value)
  }
  return figures
}

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

function tooMany(all: number, failed: number): CliError {
  return new CliError({
    code: 'upgrade_error_rate',
    message: `Of ${all} requests to the new version ${failed} failed, more than ${MOST_FAILED * 100} %.`,
    next: 'Tell the makers of that version, with the logs: vetrai support bundle',
  })
}

function unwatched(reason: string): CliError {
  return new CliError({
    code: 'upgrade_error_rate',
    message: `The new version does not tell its figures: ${reason}`,
    next: 'Tell the makers of that version, with the logs: vetrai support bundle',
  })
}
