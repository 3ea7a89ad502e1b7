import { setTimeout as sleep } from 'node:timers/promises'
import { isSystemError } from '../../deployment/errors.js'
import { isAlive, type ProcessIdentity } from '../../deployment/process-identity.js'

/**
 * Ends a process that need not be our child: asks with `signal`, waits `graceMs`, then kills it.
 * Never signals another process that got the same id. True when it was killed.
 */
export async function stopProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<boolean> {
  send(identity, signal)
  if (await hasEnded(identity, graceMs)) return false
  send(identity, 'SIGKILL')
  await hasEnded(identity, 5_000)
  return true
}

/** Waits until a process is gone; false when it still lives after `timeoutMs`. */
export async function hasEnded(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; isAlive(identity); await sleep(20)) {
    if (Date.now() >= deadline) return false
  }
  return true
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error
  }
}
