import type { EngineFacts } from '../clients/engine-facts.js'
import { CliError } from '../deployment/errors.js'
import { type Check, type Finding, fail, ok, warn } from './check.js'
import { isOlder } from './versions.js'

const LEAST = [20, 10] as const
/** Copies whole layers for every container, or is no longer looked after. */
const POOR_DRIVERS = new Set(['vfs', 'devicemapper', 'aufs', 'overlay'])

/** There is a Docker engine that this user may use, and it is new enough. */
export const engine: Check = {
  name: 'engine',
  title: 'Docker engine',
  stages: ['up', 'doctor'],
  remedy: `Upgrade Docker Engine to ${LEAST.join('.')} or later.`,
  run: async (context) => {
    if (context.engine === undefined) return undefined
    try {
      return judgeEngine(await context.engine())
    } catch (error) {
      if (error instanceof CliError) return fail(error.message, error.next)
      throw error
    }
  },
}

/** Judges an engine by its version and by how it keeps layers. */
export function judgeEngine({
  version,
  storageDriver,
  architecture,
}: Pick<EngineFacts, 'version' | 'storageDriver' | 'architecture'>): Finding {
  const detail = `${version} on ${architecture}, storage ${storageDriver}`
  if (isOlder(version, LEAST)) return fail(`${version} is older than ${LEAST.join('.')}`)
  if (!POOR_DRIVERS.has(storageDriver)) return ok(detail)
  return warn(
    detail,
    `The storage driver ${storageDriver} is slow or no longer looked after: choose overlay2 in /etc/docker/daemon.json. What containers hold now is then out of sight, so take a backup first.`,
  )
}
