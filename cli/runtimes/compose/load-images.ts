import type { Readable } from 'node:stream'
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
 * Notes in lock.json what a bundle brought, with the digests of where it was made, so that `up` needs no registry. What the
 * deployment finds at the engine under the name in use stays as it is: its containers need no change.
 */
export async function noteLoaded(deployment: Deployment, images: BundledImage[]): Promise<string[]> {
  const engine = await Engine.open(deployment)
  const rendered = await render(deployment)
  const missing = new Set((await missingImages(engine, rendered)).map(({ ref }) => ref))
  const known = deployment.lock.images ?? {}
  const noted: string[] = []
  const entries = { ...known }
  for (const { ref, usual } of usedImages(rendered)) {
    const image = images.find((one) => one.ref === usual)
    if (!image || (known[ref] && !missing.has(ref))) continue
    const id = await imageId(engine, image.name)
    if (id === undefined) continue
    entries[ref] = { id, ...(image.digest && { digest: image.digest }), name: image.name }
    noted.push(image.name)
  }
  if (noted.length > 0) await deployment.updateLock((lock) => ({ ...lock, images: entries }))
  return noted
}
