import { writeSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { acquireLock } from '../../deployment/owner-lock.js'
import { serveControl } from './control-protocol.js'
import { LOG_BOUNDS } from './log-files.js'
import { planPath, readPlan } from './plan.js'
import { Supervisor } from './supervisor.js'

const ROTATE_EVERY_MS = 2_000

/**
 * The supervisor process: `node supervisor-main.js RUN_FOLDER LOG [HELD,…]`. Lives until it is asked
 * to stop; a second one on the same deployment ends at once with code 3.
 */
async function main([runFolder = '', supervisorLog = '', held = '']: string[]): Promise<void> {
  process.umask(0o077)
  const lock = await acquireLock(join(runFolder, 'supervisor.lock'), 'supervisor')
  if ('heldBy' in lock) {
    say(`another supervisor runs already, process ${lock.heldBy.pid}`)
    process.exit(3)
  }
  const plan = await readPlan(planPath(runFolder))
  const supervisor = new Supervisor({
    ...{ runFolder, plan, supervisorLog, say, logBounds: LOG_BOUNDS },
    hold: held.split(',').filter(Boolean),
  })
  const leave = async () => {
    await supervisor.stop()
    await rm(plan.socket, { force: true })
    await lock.release()
    say('stopped')
    process.exit(0)
  }

  await rm(plan.socket, { force: true })
  await serveControl(plan.socket, async (request) => {
    const answer = await supervisor.handle(request)
    // The answer leaves before the process does.
    if (request.command === 'stop') setTimeout(() => void leave(), 50)
    return answer
  })
  setInterval(() => supervisor.rotateLogs(), ROTATE_EVERY_MS)
  process.on('SIGTERM', () => void leave())
  process.on('SIGINT', () => void leave())
  process.on('SIGHUP', () => say('the terminal has gone; the deployment stays'))
  // A fault in the supervisor must not take the deployment down with it.
  process.on('uncaughtException', (error) => say(`unexpected: ${error.stack ?? error.message}`))
  process.on('unhandledRejection', (reason) => say(`unexpected: ${String(reason)}`))
  say(`supervisor started, process ${process.pid}`)
  supervisor.run()
}

/** A full disk must not stop the supervisor: a line that cannot be written is lost. */
function say(text: string): void {
  try {
    writeSync(1, `${new Date().toISOString()} ${text}\n`)
  } catch {}
}

await main(process.argv.slice(2))
