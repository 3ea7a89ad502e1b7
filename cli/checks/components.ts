import { CliError } from '../deployment/errors.js'
import { type Check, fail, ok, warn } from './check.js'

/** What should run runs, and the server says it is ready. */
export const components: Check = {
  name: 'components',
  title: 'Components',
  stages: ['doctor'],
  remedy: 'Start it: vetrai up',
  run: async ({ status, statusProblem }) => {
    if (statusProblem instanceof CliError && isEngines(statusProblem)) return undefined
    if (statusProblem !== undefined) throw statusProblem
    if (status === undefined) return undefined
    const down = status.components.filter(({ state }) => state !== 'running')
    if (down.length === 0 && status.ready) return ok('all run and the server is ready')
    if (down.length === status.components.length) return warn('the deployment is stopped')
    if (down.length === 0) return fail('all run but the server is not ready', 'See why: vetrai logs server')
    const words = down.map(({ name, state, last_error }) =>
      [name, state, last_error].filter(Boolean).join(' '),
    )
    if (down.every(({ state }) => state === 'starting')) {
      return warn(words.join('; '), 'Wait a moment, then look again: vetrai status')
    }
    return fail(words.join('; '), `See why: vetrai logs ${down[0]?.name ?? ''}`.trim())
  },
}

/** What the engine is to blame for is said by the check of the engine. */
function isEngines({ code }: CliError): boolean {
  return code.startsWith('docker_')
}
