import type { Deployment } from '../../../deployment/deployment.js'
import type { Engine } from '../engine.js'
import { volumeName } from '../names.js'
import type { Rendered } from '../render.js'
import { hasDatabaseVolume } from '../volumes.js'
import { runOneOff } from './run-one-off.js'

/** PostgreSQL replays at most this much of its log (max_wal_size), and may need as much room for what comes out of it. */
const MOST_MB = 1024
const FILE = '/volume/upgrade-reserve'

// What fills the other half is log and what is logged, at most a quarter of the whole each: the half kept is enough for it.
const RESERVE = `
rm -f ${FILE}
half=$(df -Pm /volume | awk 'NR == 2 { print int($4 / 2) }')
size=$(( half < ${MOST_MB} ? half : ${MOST_MB} ))
[ "$size" -gt 0 ] || exit 0
fallocate -l "$size"m ${FILE} 2>/dev/null || dd if=/dev/zero of=${FILE} bs=1M count="$size" 2>/dev/null
`

/**
 * Keeps some room back in the volume of the database. Where a migration fills it, PostgreSQL may not even be able to start
 * again; giving the room back lets it.
 */
export async function reserveRoom(deployment: Deployment, engine: Engine, rendered: Rendered): Promise<void> {
  await inVolume(deployment, engine, rendered, RESERVE)
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
