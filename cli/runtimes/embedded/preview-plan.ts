import { dirname } from 'node:path'
import type { Deployment } from '../../deployment/deployment.js'
import { folderStamp } from './code-stamp.js'
import { describeChildren, type Parts } from './describe-children.js'
import type { Plan } from './plan.js'
import { expectedPostgres } from './postgres-binaries.js'
import type { ProgramPaths } from './program-paths.js'
import { findRedis } from './redis-binaries.js'
import { chooseServiceUser } from './service-user.js'
import { programNames } from './status.js'
import { knownStoreFolder } from './store-folder.js'

/** What a plan asks for, wherever its supervisor listens. */
export type WantedPlan = Pick<Plan, 'code' | 'children'>

/**
 * The plan that `makePlan` would give now. Makes nothing, so what is not there yet (a port, a folder, a program to be
 * fetched) is left open: only a child that never ran is described incompletely.
 */
export async function previewPlan(deployment: Deployment, programs: ProgramPaths): Promise<WantedPlan> {
  const [parts, code] = await Promise.all([
    knownParts(deployment, programs),
    folderStamp(dirname(programs.supervisor)),
  ])
  return { code, children: (await describeChildren(deployment, parts)).children }
}

async function knownParts(deployment: Deployment, programs: ProgramPaths): Promise<Parts> {
  const { config, lock } = deployment
  const [postgres, redis] = await Promise.all([
    config.database.url ? undefined : expectedPostgres(),
    config.redis.url ? undefined : findRedis(),
  ])
  const placeOf = async (name: 'postgres' | 'redis') => ({
    folder: (await knownStoreFolder(deployment, name)) ?? '',
    port: lock.ports[name] ?? 0,
  })
  const missing = { engine: 'redis', version: 'one to be fetched', command: '', env: {} } as const
  return {
    programs,
    user: chooseServiceUser(),
    ...(postgres && { postgres: { ...(await placeOf('postgres')), binary: postgres } }),
    ...(!config.redis.url && { redis: { ...(await placeOf('redis')), binary: redis ?? missing } }),
    workerPorts: Object.fromEntries(programNames(deployment).map((name) => [name, lock.ports[name] ?? 0])),
  }
}
