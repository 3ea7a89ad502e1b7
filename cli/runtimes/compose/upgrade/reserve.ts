import type { Deployment } from '../../../deployment/deployment.js'
import type { Engine } from '../engine.js'
import { volumeName } from '../names.js'
import type { Rendered } from '../render.js'
import { hasDatabaseVolume } from '../volumes.js'
import { runOneOff } from './run-one-off.js'

const MEGABYTES = 64
const FILE = '/volume/upgrade-reserve'

/**
 * Keeps some room back in the volume of the database. Where a migration fills it, PostgreSQL may not even be able to start
 * again; giving the room back lets it.
 */
export async function reserveRoom(deployment: Deployment, engine: Engine, rendered: Rendered): Promise<void> {
  const script = `dd if=/dev/zero of=${FILE} bs=1M count=${MEGABYTES} 2>/dev/null && sync ${FILE}`
  await inVolume(deployment, engine, rendered, script)
}

/** Gives the room back. Safe to repeat. */
export async function releaseRoom(deployment: Deployment, engine: Engine, rendered: Rendered): Promise<void> {
  await inVolume(deployment, engine, rendered, `rm -f ${FILE}`)
}

async function inVolume(
  deployment: Deployment,
  engine: Engine,
  rendered: Rendered,
  script: string,
): Promise<void> {
  if (deployment.config.database.url || !(await hasDatabaseVolume(deployment, engine))) return
  const { uid, gid } = rendered.user
  await runOneOff(engine.docker, {
    image: rendered.images.postgres.use,
    command: ['sh', '-c', script],
    user: `${uid}:${gid}`,
    binds: [`${volumeName(deployment, 'postgres')}:/volume`],
  })
}
