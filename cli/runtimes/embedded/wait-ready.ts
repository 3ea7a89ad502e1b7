import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { readReadiness } from '../readiness.js'
import type { ChildStatus } from './child.js'
import { httpStatus } from './health.js'
import { programNames, storeNames } from './status.js'
import { requestSupervisor } from './supervisor-client.js'

const STORE_TIMEOUT_MS = 120_000
const SERVER_TIMEOUT_S = 180
/** A program that died this often in one start will not come up by waiting. */
const HOPELESS_DEATHS = 5

/** Waits until the named components are healthy; CliError `component_failed` says why one is not. */
export async function waitHealthy(
  deployment: Deployment,
  names: string[],
  withinMs = STORE_TIMEOUT_MS,
): Promise<void> {
  const before = new Map<string, number>()
  for (const deadline = Date.now() + withinMs; ; await sleep(20)) {
    const { children } = await requestSupervisor(deployment, { command: 'status' }, 10_000)
    const wanted = children.filter(({ name }) => names.includes(name))
    if (wanted.every(({ state }) => state === 'running')) return
    for (const child of wanted) {
      if (!before.has(child.name)) before.set(child.name, child.restarts)
      const deaths = child.restarts - (before.get(child.name) ?? 0)
      if (deaths >= HOPELESS_DEATHS || Date.now() >= deadline) throw failed(deployment, child)
    }
  }
}

/**
 * Waits until every component is healthy and /readyz answers 200, which the server may take `withinS` for once it has its stores;
 * CliError `not_ready` or `component_failed` otherwise.
 */
export async function waitReady(deployment: Deployment, withinS = SERVER_TIMEOUT_S): Promise<void> {
  await waitHealthy(deployment, storeNames(deployment))
  const deadline = Date.now() + withinS * 1_000
  await waitHealthy(deployment, programNames(deployment), withinS * 1_000)
  for (; ; await sleep(50)) {
    if ((await httpStatus(`${deployment.localUrl}/readyz`)) === 200) return
    if (Date.now() >= deadline) break
  }
  const { reason } = await readReadiness(deployment.localUrl)
  throw new CliError({
    code: 'not_ready',
    message: `The server runs, but ${deployment.localUrl}/readyz does not say it is ready${reason && `: ${reason}`}.`,
    next: 'See what it misses: vetrai status, and vetrai logs server',
    exitCode: 3,
  })
}

function failed(deployment: Deployment, child: ChildStatus): CliError {
  return new CliError({
    code: 'component_failed',
    message: `The component ${child.name} does not start: ${child.last_error ?? 'it does not become healthy'}`,
    next: `Read its log: vetrai logs ${child.name} (${deployment.paths.logs}/${child.name}.log)`,
    exitCode: 3,
  })
}
