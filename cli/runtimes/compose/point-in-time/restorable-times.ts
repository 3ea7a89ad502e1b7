import type { Deployment } from '../../../deployment/deployment.js'
import type { RestorableTimes } from '../../runtime.js'
import { Engine } from '../engine.js'
import { windowOf } from './choose-base.js'
import { listArchive, requireArchiving } from './run-wal.js'

/** What times the archive can bring back by now, whether the database runs or not; of another deployment where one is named. */
export async function restorableTimes(deployment: Deployment, of?: string): Promise<RestorableTimes> {
  requireArchiving(deployment)
  const archive = await listArchive(await Engine.open(deployment), of)
  const window = windowOf(archive)
  const iso = (at: number) => new Date(at).toISOString()
  return {
    from: window ? iso(window.from) : null,
    to: window ? iso(window.to) : null,
    base_backups: archive.bases.map(({ label, type, stoppedAt, size }) => ({
      label,
      type,
      at: iso(stoppedAt),
      size_bytes: size,
    })),
  }
}
