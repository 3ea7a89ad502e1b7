import type { Deployment } from '../../../deployment/deployment.js'
import { CliError } from '../../../deployment/errors.js'
import { during } from '../../during.js'
import type { Progress, RestorableTimes } from '../../runtime.js'
import { Engine } from '../engine.js'
import { restorableTimes } from './restorable-times.js'
import { requireArchiving, runWal } from './run-wal.js'

/** Makes a base backup beside the running database, while it is written to. */
export async function baseBackup(
  deployment: Deployment,
  type: 'full' | 'diff',
  progress: Progress,
): Promise<RestorableTimes> {
  requireArchiving(deployment)
  const engine = await Engine.open(deployment)
  const runs = (await engine.containers()).some(
    ({ service, state }) => service === 'wal' && state === 'running',
  )
  if (!runs) throw notRunning()
  await during(progress, 'Copy the database', (step) =>
    runWal(engine, ['base', type], { onLine: (line) => step.update(line) }),
  )
  return restorableTimes(deployment)
}

function notRunning(): CliError {
  return new CliError({
    code: 'not_running',
    message: 'The container that makes base backups does not run.',
    next: 'Start it with: vetrai up',
    exitCode: 3,
  })
}
