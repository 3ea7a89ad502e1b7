import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { compose } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'
import type { CliError } from '../../deployment/errors.js'
import type { ProgressStep } from '../runtime.js'
import { ARCHIVING_CONTEXT } from './archiving-image.js'
import { pullName } from './chosen-image.js'
import type { Engine } from './engine.js'
import { ROOT } from './installation.js'
import { missingImages, usedImages } from './missing-images.js'
import { imageUnavailable, pullImage } from './pull-image.js'
import type { Rendered } from './render.js'
import { NODE_IMAGE } from './server-image.js'

/**
 * Brings every image that the deployment needs to the engine: the server's is built from this tree, the others are pulled.
 * What is there is not looked for again, so that then neither registry nor network is needed. Notes id and digest of each in
 * lock.json, and later starts use that digest.
 */
export async function provideImages(
  deployment: Deployment,
  engine: Engine,
  rendered: Rendered,
  step: ProgressStep,
): Promise<void> {
  const pulled = new Map<string, string>()
  for (const { ref, origin, services, from } of await missingImages(engine, rendered)) {
    if (from) await buildImage(archivingBuild(ref, pulled.get(from.ref) ?? from.use), step)
    else if (origin === 'build') await buildImage(serverBuild(ref), step)
    else if (origin === 'bundle') throw notLoaded(ref)
    else if (origin === 'held') throw isGone(ref)
    else {
      const name = pullName(ref, deployment.lock)
      await pullImage(engine, name, services, step)
      pulled.set(ref, name)
    }
  }
  await noteImages(deployment, engine, rendered, pulled)
}

/** How an image is built. */
interface Build {
  service: string
  image: string
  context: string
  dockerfile: string
  args: Record<string, string>
}

function serverBuild(image: string): Build {
  return {
    service: 'server',
    image,
    context: ROOT,
    dockerfile: 'compose/Dockerfile',
    args: { NODE_IMAGE },
  }
}

function archivingBuild(image: string, from: string): Build {
  return {
    service: 'postgres',
    image,
    context: join(ROOT, ARCHIVING_CONTEXT),
    dockerfile: 'Dockerfile',
    args: { POSTGRES_IMAGE: from },
  }
}

/** Works without a network where the layers are cached. */
async function buildImage({ service, image, ...build }: Build, step: ProgressStep): Promise<void> {
  const ca = process.env.NODE_EXTRA_CA_CERTS
  const document = {
    name: 'vetrai-build',
    services: { [service]: { image, build: { ...build, ...(ca && { secrets: ['ca'] }) } } },
    ...(ca && { secrets: { ca: { file: ca } } }),
  }
  await compose({ name: 'vetrai-build', dir: ROOT, files: ['-'] }, ['build', service], {
    input: stringify(document),
    onLine: (line) => step.update(`building: ${line}`),
    env: { DOCKER_BUILDKIT: '1' },
  })
}

function notLoaded(ref: string): CliError {
  return imageUnavailable(
    `The server's image ${ref} came in the same bundle as this command line, and is not on this engine.`,
    'Load the bundle: vetrai bundle load FILE',
  )
}

function isGone(ref: string): CliError {
  return imageUnavailable(
    `The server's image ${ref}, which this deployment runs, is no longer on this engine, and this command line brings another version.`,
    'Bring it back with the bundle or the command line of that version, or go on to the version of this one: vetrai upgrade run',
  )
}

/** Notes what the engine has under the names in use, and under those that were pulled just now instead. */
async function noteImages(
  deployment: Deployment,
  { docker }: Engine,
  rendered: Rendered,
  pulled: Map<string, string>,
): Promise<void> {
  const before = deployment.lock.images ?? {}
  const known = { ...before }
  for (const { ref, use, origin } of usedImages(rendered)) {
    const name = pulled.get(ref) ?? use
    // What a bundle brought stays as the bundle told it.
    if (before[ref]?.name === name) continue
    const { Id: id, RepoDigests: digests } = await docker.getImage(name).inspect()
    const digest = digestOf(name, digests ?? [])
    known[ref] = { id, ...(digest && { digest }), ...(origin === 'bundle' && { name }) }
  }
  if (!isDeepStrictEqual(known, before)) await deployment.updateLock((lock) => ({ ...lock, images: known }))
}

/** The digest that a name says, else the one by which the registry of this very name knows the image, if any does. */
function digestOf(name: string, digests: string[]): string | undefined {
  const [plain = '', said] = name.split('@')
  if (said) return said
  const repository = plain.replace(/:[^:/]*$/, '')
  const short = repository.replace(/^docker\.io\//, '').replace(/^library\//, '')
  const found = digests.find((one) => one.startsWith(`${repository}@`) || one.startsWith(`${short}@`))
  return found?.slice(found.indexOf('@') + 1)
}
