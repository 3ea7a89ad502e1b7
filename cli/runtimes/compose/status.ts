import type { ContainerStats } from 'dockerode'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { ComponentState, ComponentStatus, RuntimeStatus } from '../runtime.js'
import { Engine, type RunningContainer } from './engine.js'
import { installedVersion } from './installation.js'
import { makePlan } from './plan.js'
import { render } from './render.js'
import { ONE_OFFS, serviceSpecs } from './services.js'

const TIMEOUT_MS = 3_000

/** What /readyz says through the proxy. */
export interface ReadinessAnswer {
  ready: boolean
  /** Why it is not, in one line. */
  detail: string
  /** Versions by component, as the server tells them. */
  versions: Record<string, string>
  /** Newest migration of the database, where the server tells it. */
  schema?: string
}

/** Asks the server, through the proxy, whether it is ready; its schema is part of the answer. Never throws. */
export async function readiness(deployment: Deployment): Promise<ReadinessAnswer> {
  const url = `${deployment.localUrl}/readyz`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' })
    const body = (await response.json()) as {
      ready?: boolean
      version?: string
      schema_version?: string
      checks?: Record<string, { ok: boolean; version?: string; detail?: string }>
    }
    const checks = Object.entries(body.checks ?? {})
    const failing = checks
      .filter(([, { ok }]) => !ok)
      .map(([name, { detail }]) => `${name}: ${detail ?? 'not well'}`)
    const schema = body.schema_version === 'unknown' ? undefined : body.schema_version
    return {
      ...(schema !== undefined && { schema }),
      ready: response.status === 200 && body.ready === true,
      detail: failing.join('; ') || `${url} answered ${response.status}`,
      versions: Object.fromEntries([
        ...(body.version ? [['server', body.version]] : []),
        ...checks.flatMap(([name, { version }]) => (version && !name.includes(':') ? [[name, version]] : [])),
      ]),
    }
  } catch (error) {
    const reason =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error)
    return { ready: false, detail: `${url} does not answer (${reason})`, versions: {} }
  }
}

/**
 * How a deployment stands, by what the engine says of its containers; never fails for one that is down. `measure` adds
 * memory and processor of each and the drift between files and containers, which takes a second.
 */
export async function composeStatus(
  deployment: Deployment,
  options: { engine?: Engine; measure?: boolean } = {},
): Promise<RuntimeStatus> {
  const { measure = true } = options
  const engine = options.engine ?? (await Engine.open(deployment).catch(noEngine))
  const [wanted, containers, answer] = await Promise.all([
    wantedComponents(deployment),
    engine ? engine.containers() : [],
    readiness(deployment),
  ])
  const components = await Promise.all(
    wanted.map(({ name, service, number }) => {
      const found = containers.find((one) => one.service === service && one.number === number)
      return componentStatus(name, found, {
        engine,
        versions: { ...deployment.lock.versions, ...answer.versions },
        measure,
      })
    }),
  )
  const server = components.find(({ name }) => name === 'server')
  return {
    url: deployment.publicUrl,
    version: deployment.lock.release?.version ?? (await installedVersion()),
    runtime: 'compose',
    // Another program may answer on that port: only our own server makes the deployment ready.
    ready: answer.ready && server?.state === 'running',
    components,
    drift: engine && measure ? await driftOf(deployment, engine, containers.length > 0) : [],
  }
}

/** Without an engine everything is down; that it may not be used is told. */
function noEngine(error: unknown): undefined {
  if (error instanceof CliError && error.code !== 'docker_denied') return undefined
  throw error
}

async function wantedComponents(
  deployment: Deployment,
): Promise<{ name: string; service: string; number: number }[]> {
  const { specs } = await serviceSpecs(deployment)
  return specs.flatMap(({ name, values }) => {
    if (ONE_OFFS.includes(name)) return []
    if (typeof values.processes !== 'number') return [{ name, service: name, number: 1 }]
    return Array.from({ length: values.processes }, (_, n) => ({
      name: `${name}-${n + 1}`,
      service: name,
      number: n + 1,
    }))
  })
}

/** Names of the components of a deployment, as `status` and `logs` know them. */
export async function componentNames(deployment: Deployment): Promise<string[]> {
  return (await wantedComponents(deployment)).map(({ name }) => name)
}

async function componentStatus(
  name: string,
  container: RunningContainer | undefined,
  {
    engine,
    versions,
    measure,
  }: { engine: Engine | undefined; versions: Record<string, string>; measure: boolean },
): Promise<ComponentStatus> {
  const nothing = {
    pid: null,
    version: versions[name] ?? null,
    uptime_s: null,
    memory_bytes: null,
    last_error: null,
  }
  if (!container || !engine) return { name, state: 'stopped', ...nothing }
  const inspected = await engine.docker
    .getContainer(container.id)
    .inspect()
    .catch(() => undefined)
  if (!inspected) return { name, state: 'stopped', ...nothing }
  const { State: state, HostConfig: host } = inspected
  const isRunning = state.Running && !state.Restarting
  const usage = measure && isRunning ? await usageOf(engine, container.id) : undefined
  return {
    ...nothing,
    name,
    state: stateOf(container, state.ExitCode),
    pid: isRunning ? state.Pid : null,
    version: versions[programOf(name)] ?? tagOf(inspected.Config.Image),
    uptime_s: isRunning ? Math.floor((Date.now() - Date.parse(state.StartedAt)) / 1_000) : null,
    memory_bytes: usage?.memory ?? null,
    last_error: lastError(container, state.ExitCode, state.OOMKilled, inspected.RestartCount),
    ...(usage && { cpu_percent: usage.cpu }),
    ...(host.Memory ? { memory_limit_bytes: host.Memory } : {}),
    ports: container.ports,
    image: inspected.Config.Image,
    health: container.health,
  }
}

/** Workers run the server's program. */
function programOf(name: string): string {
  return name.startsWith('worker-') ? 'server' : name
}

function stateOf({ state, health }: RunningContainer, exitCode: number): ComponentState {
  if (state === 'running') {
    if (health === 'unhealthy') return 'failed'
    return health === 'starting' ? 'starting' : 'running'
  }
  if (state === 'restarting' || state === 'dead' || state === 'paused') return 'failed'
  return exitCode === 0 || state === 'created' ? 'stopped' : 'failed'
}

function lastError(
  { state, health }: RunningContainer,
  exitCode: number,
  wasOutOfMemory: boolean,
  restarts: number,
): string | null {
  if (wasOutOfMemory) return 'it was killed for using more memory than its limit'
  if (state === 'paused') return 'it is paused'
  if (state === 'running' && health === 'unhealthy') return 'its health check fails'
  if (state === 'restarting') return `it ends again and again (exit ${exitCode}, ${restarts} restarts)`
  return state === 'exited' && exitCode !== 0 ? `it ended with exit code ${exitCode}` : null
}

function tagOf(image: string): string | null {
  return /:([^:/@]+)(?:@|$)/.exec(image)?.[1] ?? null
}

async function usageOf({ docker }: Engine, id: string): Promise<{ memory: number; cpu: number } | undefined> {
  const look = () =>
    docker
      .getContainer(id)
      .stats({ stream: false, 'one-shot': true } as { stream: false }) as Promise<ContainerStats>
  try {
    const before = await look()
    // The engine answers the second time with its next look, a second later.
    const after = await look()
    const { usage, stats } = after.memory_stats
    // What the kernel can take back at once is no use of the container's.
    const reclaimable = stats?.inactive_file ?? 0
    const busy = after.cpu_stats.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage
    const elapsed = Date.parse(after.read) - Date.parse(before.read)
    return {
      memory: Math.max(0, (usage ?? 0) - reclaimable),
      cpu: elapsed > 0 ? Math.round((busy / (elapsed * 1e6)) * 1_000) / 10 : 0,
    }
  } catch {
    return undefined
  }
}

/** Where files say something else than what runs; nothing for a deployment that is down as a whole. */
async function driftOf(
  deployment: Deployment,
  engine: Engine,
  runs: boolean,
): Promise<{ component: string; detail: string }[]> {
  if (!runs) return []
  const { changes } = await makePlan(deployment, engine, await render(deployment))
  return changes.map(({ component, action, reasons }) => ({
    component,
    detail: `${action}: ${reasons.join('; ')}`,
  }))
}
