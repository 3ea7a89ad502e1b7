import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { spaceAt } from '../checks/disk.js'
import type { Deployment } from '../deployment/deployment.js'
import type { Runtime, RuntimeStatus } from '../runtimes/runtime.js'
import { maintenanceIfKnown } from './maintenance.js'
import { openApi } from './open-api.js'

/** The stable shape of `status --json`, with where the data is and how much room is left. */
export interface DeploymentStatus extends RuntimeStatus {
  name: string
  dir: string
  /** What callers are told while the deployment rests; null in normal times, or where the server cannot be asked. */
  maintenance: { since: string; message: string } | null
  disk: { free_bytes: number; total_bytes: number; used_bytes: number | null }
  drift: NonNullable<RuntimeStatus['drift']>
}

/**
 * The state of every component and of the disk. Changes nothing and works while everything is down.
 * `measure` also adds up what the data occupies, which takes a call for each of its files.
 */
export async function readStatus(
  deployment: Deployment,
  runtime: Runtime,
  { measure = false }: { measure?: boolean } = {},
): Promise<DeploymentStatus> {
  const [status, space] = await Promise.all([runtime.status(deployment), spaceAt(deployment.dir)])
  const maintenance = status.ready ? await maintenanceOf(deployment) : null
  const { url, version, runtime: name, ready, components, drift = [] } = status
  return {
    name: deployment.name,
    url,
    version,
    runtime: name,
    ready,
    maintenance,
    dir: deployment.dir,
    disk: {
      free_bytes: space.free,
      total_bytes: space.total,
      used_bytes: measure ? dataSize(deployment.paths.data) : null,
    },
    components,
    drift,
  }
}

async function maintenanceOf(deployment: Deployment): Promise<DeploymentStatus['maintenance']> {
  const status = await openApi(deployment).then(maintenanceIfKnown, () => null)
  return status?.on ? { since: status.since ?? '', message: status.message ?? '' } : null
}

/** Bytes that the data occupies; its parts may be links to elsewhere. Null where it may not be read. */
function dataSize(data: string): number | null {
  try {
    return readdirSync(data)
      .map((part) => folderSize(realpathSync(join(data, part))))
      .reduce((sum, size) => sum + size, 0)
  } catch {
    return null
  }
}

/** Synchronous, as thousands of small answers cost more to wait for than to get. Vanished files count nothing. */
function folderSize(folder: string): number {
  let size = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) size += folderSize(path)
    else if (entry.isFile()) size += (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512
  }
  return size
}
