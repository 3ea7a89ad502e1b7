import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '../clients/api.js'
import type { MaintenanceStatus } from '../clients/resources.js'
import { CliError } from '../deployment/errors.js'
import type { Progress } from '../runtimes/runtime.js'

const PATH = '/installation/v1/maintenance'
/** Longer than any request takes by default. */
const SETTLE_MS = 30_000
const LOOK_MS = 500
/** What a server that does not run looks like, without a proxy and behind one. */
const AWAY = new Set(['unreachable', 'proxy.server_away'])

/** What callers are told; what is left out is the server's default. */
export interface MaintenanceWords {
  message?: string
  retry_after_s?: number
}

/** How things stand. */
export function readMaintenance(api: Api): Promise<MaintenanceStatus> {
  return api.get<MaintenanceStatus>(PATH)
}

/** How things stand, where the server can be asked and knows of such a thing; else null. Never throws. */
export async function maintenanceIfKnown(api: Api): Promise<MaintenanceStatus | null> {
  return readMaintenance(api).catch(() => null)
}

/**
 * Begins a maintenance. When this answers no request that could write is under way and none will be accepted, in any
 * process; with `drainMs` no job runs either. Where that takes too long the maintenance goes on and it is a CliError.
 */
export async function beginMaintenance(
  { api, progress }: { api: Api; progress: Progress },
  words: MaintenanceWords,
  { drainMs }: { drainMs?: number } = {},
): Promise<MaintenanceStatus> {
  const step = progress.step('Waiting for the requests under way')
  const begun = await api.put<MaintenanceStatus>(PATH, words).catch((error: unknown) => {
    step.fail()
    throw explain(error)
  })
  const settled = await waitFor(api, begun, ({ settled }) => settled, SETTLE_MS)
  if (!settled.settled) {
    step.fail()
    throw new CliError({
      code: 'maintenance_not_settled',
      message: 'The maintenance is on, but a request that was accepted before is still under way.',
      next: 'Look again with `vetrai maintenance status`, or end it with `vetrai maintenance off`.',
    })
  }
  step.done()
  return drainMs === undefined ? settled : drain({ api, progress }, settled, drainMs)
}

/** Ends it. Safe to repeat. */
export function endMaintenance(api: Api): Promise<MaintenanceStatus> {
  return api.delete<MaintenanceStatus>(PATH).catch((error: unknown) => {
    throw explain(error)
  })
}

async function drain(
  { api, progress }: { api: Api; progress: Progress },
  begun: MaintenanceStatus,
  mostMs: number,
): Promise<MaintenanceStatus> {
  const step = progress.step('Waiting for running jobs')
  const drained = await waitFor(
    api,
    begun,
    ({ running_jobs }) => {
      step.update(`${running_jobs} left`)
      return running_jobs === 0
    },
    mostMs,
  )
  if (drained.running_jobs === 0) {
    step.done()
    return drained
  }
  step.fail()
  throw new CliError({
    code: 'jobs_still_run',
    message: `The maintenance is on, but ${drained.running_jobs} jobs still run after ${mostMs / 1_000} seconds.`,
    next: 'Wait longer with --wait-for 1h, cancel them (`vetrai jobs list --status running`), or go on without: a job that is cut off runs again.',
  })
}

async function waitFor(
  api: Api,
  now: MaintenanceStatus,
  holds: (status: MaintenanceStatus) => boolean,
  mostMs: number,
): Promise<MaintenanceStatus> {
  const until = Date.now() + mostMs
  let status = now
  while (!holds(status) && Date.now() < until) {
    await sleep(LOOK_MS)
    status = await readMaintenance(api)
  }
  return status
}

/** The server is what keeps the state, so one that is away cannot be told. */
function explain(error: unknown): unknown {
  if (!(error instanceof CliError) || !AWAY.has(error.code)) return error
  return new CliError({
    code: 'not_running',
    message: 'The server is not running, so there is nobody to tell; nothing was changed.',
    next: 'Start it with `vetrai up`. While it is away the proxy of an appliance answers 503 by itself.',
    exitCode: error.exitCode,
    cause: error,
  })
}
