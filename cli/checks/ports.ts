import type { Deployment } from '../deployment/deployment.js'
import { portState } from '../deployment/free-port.js'
import { findPortHolder, isListenedOn, type PortHolder } from '../deployment/port-holder.js'
import { collide, type PublishedPort, publishedPorts } from '../deployment/published-ports.js'
import { type Check, type CheckContext, type Finding, fail, ok } from './check.js'
import { type PublishingContainer, publishingContainers } from './publishing-containers.js'

/** Every port the deployment listens on is free, or held by this very deployment. */
export const ports: Check = {
  name: 'ports',
  title: 'Ports',
  stages: ['up', 'doctor'],
  remedy: 'Stop the program that holds the port, or choose another: vetrai config set port 8001',
  run: async (context) => {
    const { deployment } = context
    if (deployment === undefined) return undefined
    const wanted = publishedPorts(deployment.config)
    const twice = judgeOverlap(wanted)
    if (twice) return twice
    const holders = await holdersFor(context, deployment)
    return mergeFindings(await Promise.all(wanted.map((port) => judgePort(port, holders))))
  },
}

/** Who may hold a port: our own processes, and containers of anybody. */
interface Holders {
  ownPids: ReadonlySet<number>
  /** Undefined where ports are listened on by this user's own processes. */
  containers: PublishingContainer[] | undefined
}

/** Finds two settings that ask for the same port; undefined when there are none. */
export function judgeOverlap(wanted: readonly PublishedPort[]): Finding | undefined {
  for (const [at, one] of wanted.entries()) {
    const other = wanted.slice(at + 1).find((port) => collide(one, port))
    if (!other) continue
    return fail(
      `${one.setting} and ${other.setting} are both ${one.port}`,
      `Choose another: vetrai config set ${other.setting} ${one.port + 1}`,
    )
  }
  return undefined
}

/** Judges a port that is taken: our own processes may hold it, nobody else. */
export function judgeHolder(port: number, holder: PortHolder | undefined, own: ReadonlySet<number>): Finding {
  if (!holder) return fail(`${port} is held by a program of another user, or may not be listened on`)
  if (own.has(holder.pid)) return ok(`${port} is held by this deployment`)
  return fail(`${port} is held by ${holder.name} (pid ${holder.pid})`)
}

/** Judges a port that a container publishes; undefined when none does. */
export function judgePublisher(
  wanted: PublishedPort,
  containers: readonly PublishingContainer[],
): Finding | undefined {
  const found = containers.find(({ published }) => published.some((port) => collide(port, wanted)))
  if (!found) return undefined
  if (found.isOwn) return ok(`${wanted.port} is held by this deployment`)
  return fail(
    `${wanted.port} is held by the container ${found.name}`,
    `Stop it (docker stop ${found.name}), or choose another port: ${other(wanted)}`,
  )
}

/** One finding of several: the worst level, all that is not well or else all. */
export function mergeFindings(findings: readonly Finding[]): Finding {
  const bad = findings.filter(({ level }) => level === 'fail')
  if (bad.length === 0) return ok([...new Set(findings.map(({ detail }) => detail))].join('; '))
  const remedies = bad.flatMap(({ remedy }) => remedy ?? [])
  return fail(
    [...new Set(bad.map(({ detail }) => detail))].join('; '),
    remedies.length > 0 ? [...new Set(remedies)].join('; ') : undefined,
  )
}

async function holdersFor(context: CheckContext, deployment: Deployment): Promise<Holders> {
  const facts = await context.engine?.().catch(() => undefined)
  const { status, engine } = context
  return {
    ownPids: new Set(status?.components.flatMap(({ pid }) => (pid === null ? [] : [pid]))),
    containers: engine && (facts ? await publishingContainers(facts, deployment) : []),
  }
}

async function judgePort(wanted: PublishedPort, { ownPids, containers }: Holders): Promise<Finding> {
  const { port, host, protocol } = wanted
  const publisher = judgePublisher(wanted, containers ?? [])
  if (publisher) return publisher
  const state = await portState(port, host, protocol)
  if (state === 'free') return ok(`${port} is free`)
  if (state === 'foreign') return fail(`${host} is no address of this host`, addressRemedy(wanted))
  // The engine may listen where this user may not.
  const isEngines = state === 'denied' && containers !== undefined
  if (isEngines && !(protocol === 'tcp' && (await isListenedOn(port)))) return ok(`${port} is free`)
  if (protocol === 'udp') return fail(`UDP port ${port} is taken`, `Choose another: ${other(wanted)}`)
  const finding = judgeHolder(port, await findPortHolder(port), ownPids)
  const remedy = `Stop the program that holds the port, or choose another: ${other(wanted)}`
  return finding.level === 'fail' ? { ...finding, remedy } : finding
}

function other({ setting, port }: PublishedPort): string {
  return `vetrai config set ${setting} ${port < 1024 ? 8000 + port : port + 1}`
}

function addressRemedy({ setting }: PublishedPort): string {
  const host = setting.startsWith('proxy.') ? 'proxy.host 0.0.0.0' : 'host 127.0.0.1'
  return `Name an address of this host: vetrai config set ${host}`
}
