import { stringify } from 'yaml'
import { compose } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { ProgressStep } from '../runtime.js'
import type { Engine } from './engine.js'
import { NODE_IMAGE } from './images.js'
import { ROOT } from './installation.js'
import { type MissingImage, missingImages } from './plan.js'
import type { Rendered } from './render.js'

const MB = 1024 * 1024

/**
 * Brings every image that the deployment needs to the engine: the server's is built from this tree, the others are pulled.
 * What is there is not looked for again. Notes id and digest of each in lock.json, and later starts use that digest.
 */
export async function provideImages(
  deployment: Deployment,
  engine: Engine,
  rendered: Rendered,
  step: ProgressStep,
): Promise<void> {
  for (const image of await missingImages(engine, rendered)) {
    if (image.isBuilt) await buildServer(image.ref, step)
    else await pull(engine, image, step)
  }
  await noteImages(deployment, engine, rendered)
}

/** Builds the server's image by compose/Dockerfile. Works without a network where the layers are cached. */
async function buildServer(ref: string, step: ProgressStep): Promise<void> {
  const ca = process.env.NODE_EXTRA_CA_CERTS
  const document = {
    name: 'vetrai-build',
    services: {
      server: {
        image: ref,
        build: {
          context: ROOT,
          dockerfile: 'compose/Dockerfile',
          args: { NODE_IMAGE },
          ...(ca && { secrets: ['ca'] }),
        },
      },
    },
    ...(ca && { secrets: { ca: { file: ca } } }),
  }
  await compose({ name: 'vetrai-build', dir: ROOT, files: ['-'] }, ['build', 'server'], {
    input: stringify(document),
    onLine: (line) => step.update(`building: ${line}`),
    env: { DOCKER_BUILDKIT: '1' },
  })
}

async function pull({ docker }: Engine, { use, services }: MissingImage, step: ProgressStep): Promise<void> {
  try {
    const stream = await docker.pull(use)
    const layers = new Map<string, { current: number; total: number }>()
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error ? reject(error) : resolve()),
        (event: { id?: string; progressDetail?: { current?: number; total?: number } }) => {
          const { current, total } = event.progressDetail ?? {}
          if (event.id && current !== undefined && total !== undefined)
            layers.set(event.id, { current, total })
          step.update(`${services.join(', ')}: ${progressOf([...layers.values()])}`)
        },
      )
    })
  } catch (error) {
    throw pullFailed(use, error)
  }
}

function progressOf(layers: { current: number; total: number }[]): string {
  const sum = (of: 'current' | 'total') => layers.reduce((all, layer) => all + layer[of], 0)
  return `${Math.round(sum('current') / MB)} of ${Math.round(sum('total') / MB)} MB`
}

function pullFailed(image: string, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error)
  return new CliError({
    code: 'image_unavailable',
    message: `The image ${image} cannot be had: ${reason}`,
    next: 'Is the registry reachable? A mirror is named by `vetrai config set images.mirror HOST`, one image by `images.NAME`; on a host without a registry load a bundle: vetrai bundle load FILE',
    cause: error,
  })
}

async function noteImages(deployment: Deployment, { docker }: Engine, rendered: Rendered): Promise<void> {
  const known = { ...deployment.lock.images }
  const used = new Set(Object.values(rendered.file.services).map(({ image }) => image))
  let changed = false
  for (const { ref, use } of Object.values(rendered.images)) {
    if (!used.has(use)) continue
    const { Id: id, RepoDigests: digests = [] } = await docker.getImage(use).inspect()
    const digest = digestOf(ref, digests ?? [])
    if (known[ref]?.id === id && known[ref]?.digest === digest) continue
    known[ref] = { id, ...(digest && { digest }) }
    changed = true
  }
  if (changed) await deployment.updateLock((lock) => ({ ...lock, images: known }))
}

/** The digest by which the registry of this very name knows the image; undefined for one that came from none. */
function digestOf(ref: string, digests: string[]): string | undefined {
  const name = ref.replace(/@.*$/, '').replace(/:[^:/]*$/, '')
  const short = name.replace(/^docker\.io\//, '').replace(/^library\//, '')
  const found = digests.find((digest) => digest.startsWith(`${name}@`) || digest.startsWith(`${short}@`))
  return found?.slice(found.indexOf('@') + 1)
}
