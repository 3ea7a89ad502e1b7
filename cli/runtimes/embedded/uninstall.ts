import { readlink, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { removeDirectory, removeIfEmpty, removeRemakable } from '../../deployment/remove-directory.js'
import { during } from '../during.js'
import type { Progress } from '../runtime.js'
import { releaseCache } from './cache-folder.js'
import { knownSocket } from './control-socket.js'
import { findOrphans } from './orphans.js'
import { livingSupervisor } from './supervisor-client.js'

/**
 * Removes a stopped deployment: its directory, its data outside, its socket, and the program cache
 * when no other deployment uses it. CliError `still_running` while anything runs.
 */
export async function uninstall(
  deployment: Deployment,
  progress: Progress,
  { keepData = false }: { keepData?: boolean } = {},
): Promise<void> {
  if ((await livingSupervisor(deployment)) || findOrphans(deployment).length > 0) {
    throw new CliError({
      code: 'still_running',
      message: `The deployment ${deployment.name} still runs.`,
      next: 'Stop it first: vetrai down',
      exitCode: 4,
    })
  }
  const title = keepData ? 'Remove all but the data' : `Remove ${deployment.dir}`
  await during(progress, title, async () => {
    const socket = await knownSocket(deployment.paths.run)
    for (const folder of keepData ? [] : await outsideFolders(deployment)) {
      await rm(folder, { recursive: true, force: true })
      await removeIfEmpty(dirname(folder))
    }
    if (socket !== undefined && dirname(socket) !== deployment.paths.run) {
      await rm(dirname(socket), { recursive: true, force: true })
    }
    await (keepData ? removeRemakable(deployment) : removeDirectory(deployment))
    await releaseCache(deployment.id)
  })
}

/** Only folders named by this deployment's own id: a doctored lock.json must not aim this elsewhere. */
async function outsideFolders(deployment: Deployment): Promise<string[]> {
  const noted = deployment.lock.outside.filter((folder) => folder.endsWith(`/${deployment.id}`))
  const linked = await Promise.all(
    ['postgres', 'redis'].map(async (name) => {
      const target = await readlink(join(deployment.paths.data, name)).catch(() => '')
      return target.endsWith(`/${deployment.id}/${name}`) ? dirname(target) : ''
    }),
  )
  return [...new Set([...noted, ...linked.filter(Boolean)])]
}
