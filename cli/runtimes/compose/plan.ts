import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { compose } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'
import { mayNeedMigration } from '../migrate-database.js'
import type { PlanChange } from '../runtime.js'
import type { Engine, RunningContainer } from './engine.js'
import { migratedBy } from './migrator.js'
import { missingImages } from './missing-images.js'
import type { ComposeService, Rendered } from './render.js'

/** What stands between a deployment as described and as it runs. */
export interface ComposePlan {
  changes: PlanChange[]
  containers: RunningContainer[]
}

/** Compares what vetrai.yml asks for with what the engine runs. Changes nothing, writes nothing. */
export async function makePlan(
  deployment: Deployment,
  engine: Engine,
  rendered: Rendered,
): Promise<ComposePlan> {
  const [hashes, containers, before] = await Promise.all([
    configHashes(engine, rendered),
    engine.containers(),
    renderedBefore(deployment),
  ])
  const changes: PlanChange[] = []
  for (const image of await missingImages(engine, rendered)) {
    changes.push({
      component: image.services.join(', '),
      action: image.origin === 'build' ? 'build' : 'pull',
      reasons: [
        `${image.use} is not here yet${image.origin === 'bundle' ? ': vetrai bundle load brings it' : ''}`,
      ],
    })
  }
  for (const [name, service] of Object.entries(rendered.file.services)) {
    if (service.profiles) continue
    const own = containers.filter((container) => container.service === name)
    changes.push(...serviceChanges(name, service, own, hashes.get(name), before?.[name]))
  }
  for (const name of orphans(rendered, containers)) {
    changes.push({ component: name, action: 'remove', reasons: ['vetrai.yml no longer asks for it'] })
  }
  const migrating = await mayNeedMigration(deployment, migratedBy(deployment, rendered))
  if (migrating)
    changes.push({
      component: 'database',
      action: 'migrate',
      reasons: ['roles or schema may be older than this version'],
    })
  return { changes, containers }
}

function serviceChanges(
  name: string,
  service: ComposeService,
  containers: RunningContainer[],
  hash: string | undefined,
  before: ComposeService | undefined,
): PlanChange[] {
  const wanted = typeof service.scale === 'number' ? service.scale : 1
  if (containers.length === 0) return [{ component: name, action: 'create', reasons: ['it is not there'] }]
  if (containers.some(({ configHash }) => configHash !== hash)) {
    return [{ component: name, action: 'recreate', reasons: reasonsOf(before, service) }]
  }
  const changes: PlanChange[] = []
  if (containers.length !== wanted) {
    changes.push({
      component: name,
      action: containers.length < wanted ? 'create' : 'remove',
      reasons: [`${containers.length} run, ${wanted} are wanted`],
    })
  }
  for (const { state, health } of containers) {
    if (state === 'running' && health !== 'unhealthy') continue
    const reason = state === 'running' ? 'it is unhealthy' : `it is ${state}`
    changes.push({ component: name, action: 'start', reasons: [reason] })
  }
  return changes
}

/** What differs, in words: `image`, `environment LOG_LEVEL`, `ports` … No values: some are not for terminals. */
function reasonsOf(before: ComposeService | undefined, after: ComposeService): string[] {
  if (before === undefined) return ['its definition changed']
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  const changed = keys.filter((key) => !isDeepStrictEqual(before[key], after[key]))
  const words = changed.flatMap((key) => {
    if (key === 'environment') return [`settings ${changedNames(before[key], after[key]).join(', ')}`]
    return key === 'labels' ? ['a secret or a file that it mounts'] : [key]
  })
  return words.length > 0 ? words : ['compose.override.yaml, or the container itself, was changed']
}

function changedNames(before: unknown, after: unknown): string[] {
  const [left, right] = [before ?? {}, after ?? {}] as [Record<string, unknown>, Record<string, unknown>]
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()
  return names.filter((name) => left[name] !== right[name])
}

function orphans(rendered: Rendered, containers: RunningContainer[]): string[] {
  const known = new Set(Object.keys(rendered.file.services))
  return [...new Set(containers.map(({ service }) => service).filter((name) => !known.has(name)))]
}

/** The hash that Compose gives each service; it is kept as a label of the containers made from it. */
async function configHashes(engine: Engine, rendered: Rendered): Promise<Map<string, string>> {
  const { stdout } = await compose(await engine.project('-'), ['config', '--hash', '*'], {
    input: rendered.text,
  })
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/) as [string, string]),
  )
}

/** Services as compose.yaml has them now: what was asked for the last time. */
async function renderedBefore({ paths }: Deployment): Promise<Record<string, ComposeService> | undefined> {
  const text = await readFile(paths.compose, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return (parse(text.replaceAll('$$', '$')) as { services?: Record<string, ComposeService> } | null)
      ?.services
  } catch {
    return undefined
  }
}
