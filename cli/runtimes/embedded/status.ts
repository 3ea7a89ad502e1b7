import { readdir, readFile } from 'node:fs/promises'
import type { Deployment } from '../../deployment/deployment.js'
import type { ComponentStatus, RuntimeStatus } from '../runtime.js'
import type { ChildStatus } from './child.js'
import { loadMemory } from './children-file.js'
import { httpStatus } from './health.js'
import { findOrphans } from './orphans.js'
import type { ProgramPaths } from './program-paths.js'
import { supervisorReport } from './supervisor-client.js'

/** How a deployment stands; never fails for one that is down. Drift takes longer to find: see `findDrift`. */
export async function embeddedStatus(deployment: Deployment, programs: ProgramPaths): Promise<RuntimeStatus> {
  const [report, readiness] = await Promise.all([
    supervisorReport(deployment),
    httpStatus(`${deployment.localUrl}/readyz`),
  ])
  const components = report
    ? await Promise.all(report.children.map(runningComponent))
    : withoutSupervisor(deployment, programs)
  return {
    url: deployment.publicUrl,
    version: programs.version,
    runtime: 'embedded',
    // Another program may answer on that port: only our own server makes the deployment ready.
    ready: readiness === 200 && components.some(({ name, pid }) => name === 'server' && pid !== null),
    components,
    drift: [],
  }
}

async function runningComponent(child: ChildStatus): Promise<ComponentStatus> {
  const { name, pid, state, version, started_at, last_error } = child
  return {
    ...{ name, pid, state, version },
    uptime_s: started_at === null ? null : Math.floor((Date.now() - started_at) / 1_000),
    memory_bytes: pid === null ? null : await memoryOf(pid),
    last_error,
  }
}

/** Orphans still run, but nobody watches over them. */
function withoutSupervisor(deployment: Deployment, programs: ProgramPaths): ComponentStatus[] {
  const orphans = findOrphans(deployment)
  const { lastErrors } = loadMemory(deployment.paths.run)
  const { versions } = deployment.lock
  return componentNames(deployment).map((name) => {
    const pid = orphans.find((one) => one.name === name)?.pid ?? null
    return {
      ...{ name, pid, state: pid === null ? 'stopped' : 'failed' },
      version: programNames(deployment).includes(name) ? programs.version : (versions[name] ?? null),
      ...{ uptime_s: null, memory_bytes: null },
      last_error: pid === null ? (lastErrors[name] ?? null) : 'its supervisor was killed; run: vetrai up',
    } satisfies ComponentStatus
  })
}

/** The components of a deployment, dependencies first. */
export function componentNames(deployment: Deployment): string[] {
  return [...storeNames(deployment), ...programNames(deployment)]
}

/** The private stores of a deployment. */
export function storeNames({ config }: Deployment): string[] {
  return [...(config.database.url ? [] : ['postgres']), ...(config.redis.url ? [] : ['redis'])]
}

/** The server, and the processes that run jobs where it does not do that itself. */
export function programNames({ config }: Deployment): string[] {
  return ['server', ...Array.from({ length: config.workers.processes }, (_, n) => `worker-${n + 1}`)]
}

/**
 * Memory of a process and its children in bytes, shared pages counted once (proportional set size);
 * resident size where the system does not tell; null when it cannot be read.
 */
async function memoryOf(pid: number): Promise<number | null> {
  const family = [pid, ...(await childrenOf(pid))]
  const sizes = await Promise.all(family.map(sizeOf))
  const known = sizes.filter((size) => size !== null)
  return known.length === 0 ? null : known.reduce((sum, size) => sum + size, 0)
}

async function sizeOf(pid: number): Promise<number | null> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const status = rollup === '' ? await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '') : ''
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  )
  return lists.join(' ').split(/\s+/).filter(Boolean).map(Number)
}
