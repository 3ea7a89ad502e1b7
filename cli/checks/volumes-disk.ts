import { bytes } from '../views/format.js'
import { type Check, ok } from './check.js'
import { judgeDisk, spaceOf } from './disk.js'

const GIB = 1024 ** 3
/** Images take about two gigabytes, and an upgrade keeps the old ones until the new ones run. */
const BOUNDS = { least: GIB, comfortable: 5 * GIB }

/** The disk that holds Docker's images and volumes, and so the databases, has room. */
export const volumesDisk: Check = {
  name: 'volumes',
  title: 'Docker’s disk',
  stages: ['up', 'doctor'],
  remedy: `Make room: ${bytes(BOUNDS.comfortable)} free is comfortable. Images that nothing uses go with: docker image prune`,
  run: async ({ engine }) => {
    const facts = await engine?.().catch(() => undefined)
    if (!facts?.rootDir) return undefined
    const elsewhere = ok(`${facts.rootDir}, which is not on this host or may not be seen by this user`)
    if (!facts.isLocal) return elsewhere
    return spaceOf(facts.rootDir).then(
      (space) => judgeDisk(space, BOUNDS),
      () => elsewhere,
    )
  },
}
