import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { spaceAt } from '../checks/disk.js'
import type { Deployment } from '../deployment/deployment.js'
import type { Runtime, RuntimeStatus } from '../runtimes/runtime.js'

/** The stable shape of `status --json`, with where the data is and how much room is left. */
export interface DeploymentStatus extends RuntimeStatus {
  name: string
  dir: string
  disk: { free_bytes: number; total_bytes: number; used_bytes: number | null }
}

/** The state of every component and of the disk. Changes nothing and works while everything is down. */
export async function readStatus(deployment: Deployment, runtime: Runtime): Promise<DeploymentStatus> {
  const [status, space, used] = await Promise.all([
    runtime.status(deployment),
    spaceAt(deployment.dir),
    folderSize(deployment.paths.data).catch(() => null),
  ])
  const { url, version, runtime: name, ready, components } = status
  return {
    name: deployment.name,
    url,
    version,
    runtime: name,
    ready,
    dir: deployment.dir,
    disk: { free_bytes: space.free, total_bytes: space.total, used_bytes: used },
    components,
  }
}

/** Bytes that a folder occupies on disk. Files that vanish meanwhile count nothing; links are not followed. */
async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true })
  const sizes = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return folderSize(path)
      if (!entry.isFile()) return 0
      return stat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      )
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
