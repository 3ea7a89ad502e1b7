import type { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import type Docker from 'dockerode'
import type { BundledImage } from '../../bundle/manifest.js'
import { followEvents } from '../../clients/engine-events.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { Engine } from './engine.js'
import { imageId, missingImages, usedImages } from './missing-images.js'
import { render } from './render.js'

/** Gives an archive of images to the engine. CliError `images_refused` where it does not take them; errors of the archive come first. */
export async function loadImages(docker: Docker, archive: Readable, images: BundledImage[]): Promise<void> {
  let broken: unknown
  archive.once('error', (error) => {
    broken = error
  })
  try {
    await followEvents((await docker.loadImage(archive, { quiet: true })) as Readable)
  } catch (error) {
    throw broken ?? refused(error instanceof Error ? error.message : String(error))
  } finally {
    archive.destroy()
  }
  if (broken) throw broken
  for (const { name } of images) {
    if ((await imageId({ docker }, name)) === undefined) throw refused(`${name} is not there after loading`)
  }
}

function refused(reason: string): CliError {
  return new CliError({
    code: 'images_refused',
    message: `The engine does not take the images: ${reason.trim()}`,
    next: 'Is there room on its disk (docker system df)? Then load the same bundle again: what it has by then is not loaded twice.',
  })
}

/**
 * Notes in lock.json what a bundle brought, with the digests of where it was made, so that `up` needs no registry: also what
 * the deployment does not use yet, such as the images of the next version. What it finds at the engine under the name in use
 * stays as it is, so that its containers need no change.
 */
export async function noteLoaded(deployment: Deployment, images: BundledImage[]): Promise<void> {
  const engine = await Engine.open(deployment)
  const rendered = await render(deployment)
  const used = usedImages(rendered)
  const missing = new Set((await missingImages(engine, rendered)).map(({ ref }) => ref))
  const known = deployment.lock.images ?? {}
  const entries = { ...known }
  for (const { ref: usual, name, digest } of images) {
    const id = await imageId(engine, name)
    const refs = used.filter((image) => image.usual === usual).map(({ ref }) => ref)
    for (const ref of refs.length > 0 ? refs : refsOf(usual, deployment)) {
      if (id === undefined || (known[ref] && !missing.has(ref))) continue
      entries[ref] = { id, ...(digest && { digest }), name }
    }
  }
  if (!isDeepStrictEqual(entries, known))
    await deployment.updateLock((lock) => ({ ...lock, images: entries }))
}

/** Names that an image may have for the deployment later. */
function refsOf(usual: string, { config }: Deployment): string[] {
  const { mirror } = config.images
  return mirror ? [usual, `${mirror}/${usual}`] : [usual]
}
