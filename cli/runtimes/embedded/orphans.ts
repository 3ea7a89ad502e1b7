import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import { isAlive } from '../../deployment/process-identity.js'
import { type ChildRecord, loadMemory, saveMemory } from './children-file.js'
import { clearPostmaster } from './postmaster-file.js'
import { stopProcess } from './stop-process.js'

/** Each in its own words for "finish what you do and end": PostgreSQL's fast shutdown is SIGINT. */
const POLITE: Record<string, NodeJS.Signals> = { postgres: 'SIGINT', redis: 'SIGTERM' }
const GRACE_MS = 25_000

/** Children that outlived their supervisor. Ask only when no supervisor lives. */
export function findOrphans(deployment: Deployment): ChildRecord[] {
  return loadMemory(deployment.paths.run).children.filter(isAlive)
}

/** Stops children that a killed supervisor left behind, the server first; gives their names. */
export async function stopOrphans(deployment: Deployment): Promise<string[]> {
  const orphans = findOrphans(deployment)
  const stores = orphans.filter(({ name }) => name in POLITE)
  const others = orphans.filter(({ name }) => !(name in POLITE))
  for (const group of [others, stores]) {
    await Promise.all(group.map((one) => stopProcess(one, POLITE[one.name] ?? 'SIGTERM', GRACE_MS)))
  }
  const { lastErrors } = loadMemory(deployment.paths.run)
  if (orphans.length > 0) saveMemory(deployment.paths.run, { children: [], lastErrors })
  // One that the record misses still holds its data directory.
  await clearPostmaster(join(deployment.paths.data, 'postgres', 'cluster'))
  await rm(join(deployment.paths.run, 'supervisor.lock'), { force: true })
  return orphans.map(({ name }) => name)
}
