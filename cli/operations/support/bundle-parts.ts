import { readFile } from 'node:fs/promises'
import { arch, platform, release, version } from 'node:os'
import { fetchAnswer } from '../../checks/probe.js'
import { connectDocker } from '../../clients/docker.js'
import type { Deployment } from '../../deployment/deployment.js'
import { Journal } from '../../deployment/journal.js'
import { type DeploymentPaths, deploymentPaths } from '../../deployment/paths.js'
import type { Runtime } from '../../runtimes/runtime.js'
import { checkDeployment } from '../check-deployment.js'
import { readStatus } from '../read-status.js'

const JOURNAL_ENTRIES = 200
const LOG_LINES = 2_000

/** One file of a support bundle, before anything is taken out of it. */
export interface BundlePart {
  path: string
  about: string
  /** Its text; what it throws becomes the reason why it is missing. */
  collect(): Promise<string>
}

/** What a bundle is made of: a directory, and what can be opened of it. */
export interface BundleSource {
  dir: string
  /** Undefined where its configuration is broken. */
  deployment: Deployment | undefined
  runtime: Runtime | undefined
}

/** Every part of a bundle, in the order they are listed. Nothing is collected yet. */
export async function bundleParts({ dir, deployment, runtime }: BundleSource): Promise<BundlePart[]> {
  const paths = deploymentPaths(dir)
  return [
    part('versions.json', 'versions of VetrAI, Node.js and this host', () => versions(deployment)),
    part('doctor.json', 'what `vetrai doctor --json` finds', () => doctor(dir)),
    ...fileParts(paths),
    part('journal.jsonl', `the last ${JOURNAL_ENTRIES} entries of the journal`, () => journal(paths)),
    ...(deployment && runtime ? await livingParts(deployment, runtime) : []),
    ...(deployment?.config.runtime === 'compose' ? dockerParts() : []),
  ]
}

function part(path: string, about: string, collect: () => Promise<string>): BundlePart {
  return { path, about, collect }
}

function fileParts(paths: DeploymentPaths): BundlePart[] {
  const asIs = (path: string, about: string, file: string) => part(path, about, () => readFile(file, 'utf8'))
  return [
    asIs('vetrai.yml', 'the desired state', paths.config),
    asIs('lock.json', 'ports, versions and images in use', paths.lock),
    asIs('compose.yaml', 'the rendered Compose file', paths.compose),
    asIs('compose.override.yaml', 'the operator’s own changes to it', paths.composeOverride),
  ]
}

async function livingParts(deployment: Deployment, runtime: Runtime): Promise<BundlePart[]> {
  const components = await componentsOf(deployment, runtime)
  return [
    part('status.json', 'what `vetrai status --json` says', async () =>
      json(await readStatus(deployment, runtime)),
    ),
    part('readyz.json', 'what the server says of itself', () => readyz(deployment)),
    part('migrations.json', 'schema migrations, applied and pending', async () =>
      json(await runtime.migrations(deployment)),
    ),
    ...components.map((component) =>
      part(`logs/${component}.log`, `the last ${LOG_LINES} lines of ${component}`, () =>
        log(deployment, runtime, component),
      ),
    ),
  ]
}

/** Names of what writes logs; the supervisor of the embedded runtime is no component, but has one. */
async function componentsOf(deployment: Deployment, runtime: Runtime): Promise<string[]> {
  const { components } = await runtime.status(deployment, { brief: true }).catch(() => ({ components: [] }))
  const names = components.map(({ name }) => name).filter((name) => /^[\w.-]+$/.test(name))
  return runtime.name === 'embedded' ? [...names, 'supervisor'] : names
}

async function versions(deployment: Deployment | undefined): Promise<string> {
  const { installedVersion } = await import('../../runtimes/compose/installation.js')
  return json({
    vetrai: await installedVersion(),
    node: process.versions.node,
    platform: `${platform()} ${arch()}`,
    kernel: `${release()} ${version()}`,
    runtime: deployment?.config.runtime ?? null,
    components: deployment?.lock.versions ?? null,
  })
}

/** Without the probe from outside: a bundle is made quickly, and takes no port. */
async function doctor(dir: string): Promise<string> {
  return json(await checkDeployment(dir, 'doctor', { skip: ['reachability'] }))
}

async function journal(paths: DeploymentPaths): Promise<string> {
  const entries = await new Journal(paths.journal).entries(JOURNAL_ENTRIES)
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
}

async function readyz({ localUrl }: Deployment): Promise<string> {
  const answer = await fetchAnswer(`${localUrl}/readyz`, { verify: true })
  if ('error' in answer) throw new Error(answer.error)
  return json({ status: answer.status, body: parsed(answer.body) })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function log(deployment: Deployment, runtime: Runtime, component: string): Promise<string> {
  let text = ''
  for await (const { line } of runtime.logs(deployment, { component, follow: false, lines: LOG_LINES })) {
    text += `${line}\n`
  }
  return text
}

function dockerParts(): BundlePart[] {
  return [
    part('docker/info.json', 'what the Docker engine says of itself', async () => {
      // Chosen fields: the rest names registries and proxies, with what may be a password.
      const info = (await (await connectDocker()).info()) as Record<string, unknown>
      return json(Object.fromEntries(ENGINE_FIELDS.map((field) => [field, info[field] ?? null])))
    }),
    part('docker/containers.json', 'containers of this host', async () => {
      const found = await (await connectDocker()).listContainers({ all: true })
      return json(
        found.map(({ Names, Image, State, Status, Created, Ports, Labels }) => ({
          names: Names,
          image: Image,
          state: State,
          status: Status,
          created: Created,
          ports: Ports,
          project: Labels['com.docker.compose.project'] ?? null,
          service: Labels['com.docker.compose.service'] ?? null,
        })),
      )
    }),
    part('docker/images.json', 'images of this host', async () => {
      const found = await (await connectDocker()).listImages()
      return json(
        found.map(({ Id, RepoTags, RepoDigests, Size, Created }) => ({
          id: Id,
          tags: RepoTags,
          digests: RepoDigests,
          bytes: Size,
          created: Created,
        })),
      )
    }),
  ]
}

const ENGINE_FIELDS = [
  ...[
    'ServerVersion',
    'Driver',
    'DriverStatus',
    'DockerRootDir',
    'OperatingSystem',
    'OSType',
    'Architecture',
  ],
  ...['KernelVersion', 'NCPU', 'MemTotal', 'MemoryLimit', 'SwapLimit', 'CgroupDriver', 'CgroupVersion'],
  ...['LoggingDriver', 'DefaultRuntime', 'SecurityOptions', 'SystemTime', 'LiveRestoreEnabled', 'Warnings'],
  ...['Containers', 'ContainersRunning', 'Images'],
]

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
