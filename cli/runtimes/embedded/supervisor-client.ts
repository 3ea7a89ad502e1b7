import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { readOwner } from '../../deployment/owner-lock.js'
import { isAlive, type ProcessIdentity } from '../../deployment/process-identity.js'
import type { ChildStatus } from './child.js'
import { askSupervisor, type ControlRequest } from './control-protocol.js'
import { knownSocket } from './control-socket.js'
import { STOP_SECONDS } from './graces.js'
import { plainEnv } from './host-env.js'
import { logTail, openLog } from './log-files.js'
import { type Plan, writePlan } from './plan.js'
import { hasEnded, stopProcess } from './stop-process.js'

/** What a living supervisor says. */
export interface SupervisorReport {
  pid: number
  plan: Plan
  children: ChildStatus[]
}

const STOP_TIMEOUT_MS = STOP_SECONDS * 1_000

/** The supervisor of a deployment as the lock file knows it; undefined when none lives. */
export async function livingSupervisor(deployment: Deployment): Promise<ProcessIdentity | undefined> {
  const owner = await readOwner(join(deployment.paths.run, 'supervisor.lock'))
  return owner && isAlive(owner) ? owner : undefined
}

/** Asks the supervisor how things stand; undefined when none lives. */
export async function supervisorReport(deployment: Deployment): Promise<SupervisorReport | undefined> {
  const supervisor = await livingSupervisor(deployment)
  if (!supervisor) return undefined
  return requestSupervisor(deployment, { command: 'status' }, 5_000).catch(async (error: unknown) => {
    // It may have ended between the two questions.
    if (await hasEnded(supervisor, 1_000)) return undefined
    throw error
  })
}

/** Sends a request to the living supervisor; CliError `supervisor_unreachable` when it does not answer. */
export async function requestSupervisor(
  deployment: Deployment,
  request: ControlRequest,
  timeoutMs = STOP_TIMEOUT_MS,
): Promise<SupervisorReport> {
  const socket = await knownSocket(deployment.paths.run)
  const answer = socket === undefined ? undefined : await askSupervisor(socket, request, timeoutMs)
  if (answer?.ok) return answer
  throw new CliError({
    code: 'supervisor_unreachable',
    message: answer ? `The supervisor refused: ${answer.error}.` : 'The supervisor runs but does not answer.',
    next: 'Stop and start the deployment: vetrai down && vetrai up. Its log: vetrai logs supervisor',
    exitCode: 3,
  })
}

/** Starts the supervisor in the background, cut off from this terminal, and waits until it answers. */
export async function spawnSupervisor(
  deployment: Deployment,
  options: { program: string; plan: Plan; hold: string[] },
): Promise<void> {
  const { program, plan, hold } = options
  await writePlan(deployment.paths.run, plan)
  await mkdir(dirname(plan.socket), { recursive: true, mode: 0o700 })
  const log = supervisorLog(deployment)
  const output = openLog(log)
  const child = spawn(process.execPath, [program, deployment.paths.run, log, hold.join(',')], {
    cwd: '/',
    detached: true,
    env: plainEnv(),
    stdio: ['ignore', output, output],
  })
  child.unref()
  for (const deadline = Date.now() + 20_000; Date.now() < deadline && child.exitCode === null; ) {
    if ((await askSupervisor(plan.socket, { command: 'status' }, 2_000))?.ok) return
    await sleep(10)
  }
  throw new CliError({
    code: 'supervisor_failed',
    message: `The supervisor did not start: ${logTail(log).trim().split('\n').at(-1) ?? 'no reason given'}`,
    next: `Read ${log}`,
  })
}

/** Stops supervisor and children cleanly; false when no supervisor was running. */
export async function stopSupervisor(deployment: Deployment): Promise<boolean> {
  const supervisor = await livingSupervisor(deployment)
  if (!supervisor) return false
  const socket = await knownSocket(deployment.paths.run)
  const answer = socket && (await askSupervisor(socket, { command: 'stop' }, STOP_TIMEOUT_MS))
  // Its socket may be gone; a signal asks for the same.
  if (answer) await hasEnded(supervisor, 5_000)
  await stopProcess(supervisor, 'SIGTERM', STOP_TIMEOUT_MS)
  return true
}

/** Log of the supervisor itself. */
export function supervisorLog(deployment: Deployment): string {
  return join(deployment.paths.logs, 'supervisor.log')
}
