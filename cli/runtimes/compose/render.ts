import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Deployment } from '../../deployment/deployment.js'
import { isSystemError } from '../../deployment/errors.js'
import type { ImageName } from '../../deployment/schema.js'
import type { ChosenImage } from './chosen-image.js'
import { type Choice, chooseImages } from './images.js'
import { composeAsset } from './installation.js'
import { projectName, volumeName } from './names.js'
import { type ContainerUser, containerUser } from './owner.js'
import { type ServiceSpec, serviceSpecs } from './services.js'
import { fillTree } from './template.js'

/** One service of a Compose file, as this program writes it. */
export interface ComposeService {
  image: string
  labels: Record<string, string>
  profiles?: string[]
  secrets?: string[]
  [key: string]: unknown
}

/** A Compose file (compose-spec), as far as this program writes it. */
export interface ComposeFile {
  name: string
  services: Record<string, ComposeService>
  networks: Record<string, unknown>
  volumes: Record<string, { name: string; external: true }>
  secrets: Record<string, { file: string }>
}

/** All that vetrai.yml, the secrets and this version ask for, as files that are not written yet. */
export interface Rendered {
  file: ComposeFile
  /** Content of compose.yaml. */
  text: string
  /** Files of generated/ by name. */
  generated: Record<string, string>
  images: Record<ImageName, ChosenImage>
  user: ContainerUser
}

/** Label that every object of a deployment carries; its value is the deployment's id. */
export const DEPLOYMENT_LABEL = 'ai.vetrai.deployment'
/** Changes with the secrets and generated files that a container mounts, which Compose itself does not look into. */
const CONTENT_LABEL = 'ai.vetrai.content'

const HEADER = `# Generated from vetrai.yml by \`vetrai up\`: changes here are lost. Yours go to compose.override.yaml beside it.
`

/** Renders the Compose file of a deployment. Reads, writes nothing; the same input gives the same text. */
export async function render(deployment: Deployment, choice?: Choice): Promise<Rendered> {
  const [images, user] = [await chooseImages(deployment, choice), containerUser(deployment)]
  const { specs, generated } = await serviceSpecs(deployment)
  const common = parse(await composeAsset('fragments/common.yaml')) as object
  const services: Record<string, ComposeService> = {}
  for (const spec of specs) {
    const image = images[spec.image].use
    const fragment = parse(await composeAsset(`fragments/${spec.fragment}.yaml`)) as object
    const values = {
      user: `${user.uid}:${user.gid}`,
      generated: deployment.paths.generated,
      image,
      ...spec.values,
    }
    const filled = fillTree({ ...common, ...fragment }, values) as ComposeService
    services[spec.name] = {
      ...filled,
      labels: {
        [DEPLOYMENT_LABEL]: deployment.id,
        [CONTENT_LABEL]: await contentStamp(deployment, spec, filled, generated),
      },
    }
  }
  const file = wholeFile(deployment, services)
  return { file, text: HEADER + composeText(file), generated, images, user }
}

/** A Compose file as text. */
export function composeText(file: ComposeFile): string {
  return stringify(escaped(file), { lineWidth: 120 })
}

function wholeFile(deployment: Deployment, services: Record<string, ComposeService>): ComposeFile {
  const all = Object.values(services)
  const volumes = new Set(all.flatMap(volumesOf))
  const secrets = new Set(all.flatMap(({ secrets: names }) => names ?? []))
  return {
    name: projectName(deployment),
    services,
    networks: {
      front: {},
      back: { internal: true },
      ...(all.some(({ networks }) => Array.isArray(networks) && networks.includes('archive')) && {
        archive: {},
      }),
    },
    volumes: Object.fromEntries(
      [...volumes].sort().map((name) => [name, { name: volumeName(deployment, name), external: true }]),
    ),
    secrets: Object.fromEntries(
      [...secrets].sort().map((name) => [name, { file: join(deployment.paths.secrets, name) }]),
    ),
  }
}

/** Named volumes that a service mounts. */
export function volumesOf({ volumes }: ComposeService): string[] {
  if (!Array.isArray(volumes)) return []
  return volumes.flatMap((one: { type?: string; source?: string }) =>
    one.type === 'volume' && one.source ? [one.source] : [],
  )
}

/** Keyed, so that labels, which anybody with the engine can read, tell nothing of a guessable password. */
async function contentStamp(
  deployment: Deployment,
  spec: ServiceSpec,
  service: ComposeService,
  generated: Record<string, string>,
): Promise<string> {
  const hash = createHmac('sha256', await deployment.secret('fingerprint-key'))
  for (const name of [...(service.secrets ?? [])].sort()) {
    hash.update(`${name}\0${await contentOf(join(deployment.paths.secrets, name))}\0`)
  }
  // Compose takes a volume of another name for the same.
  for (const name of volumesOf(service)) hash.update(deployment.lock.volumes?.[name] ?? '')
  for (const name of spec.mounts) hash.update(`${name}\0${generated[name] ?? ''}\0`)
  if (spec.reads !== undefined) hash.update(spec.reads)
  return hash.digest('hex').slice(0, 16)
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return ''
    throw error
  }
}

/** Compose takes a dollar sign for a variable unless it is doubled. */
function escaped<T>(node: T): T {
  if (typeof node === 'string') return node.replaceAll('$', '$$$$') as T
  if (Array.isArray(node)) return node.map(escaped) as T
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, escaped(value)])) as T
}
