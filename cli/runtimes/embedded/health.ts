import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import { listensOn } from '../../deployment/port-holder.js'
import type { HealthPlan } from './plan.js'
import { probePostgres } from './postgres-probe.js'
import { probeRedis } from './redis-commands.js'

/**
 * Asks once whether the child `pid` serves; false for every kind of failure, within two seconds. Another
 * program that happens to answer on the child's port does not count.
 */
export async function isHealthy(health: HealthPlan, pid: number): Promise<boolean> {
  if (!(await answers(health))) return false
  const port = health.kind === 'http' ? Number(new URL(health.url).port || 80) : health.port
  return (await listensOn(pid, port)) !== false
}

async function answers(health: HealthPlan): Promise<boolean> {
  if (health.kind === 'postgres') return (await probePostgres(health)) === 'ready'
  if (health.kind === 'http') return (await httpStatus(health.url)) === 200
  const password = (await readFile(health.passwordFile, 'utf8').catch(() => '')).trim()
  return probeRedis({ ...health, password })
}

/** Status code of a GET; undefined when nothing answers within `timeoutMs`. */
export async function httpStatus(url: string, timeoutMs = 2_000): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
      response.resume()
      response.once('error', () => resolve(undefined))
      resolve(response.statusCode)
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(undefined))
    request.once('close', () => resolve(undefined))
  })
}
