import type { ChosenImage } from './chosen-image.js'
import { type Engine, isMissing } from './engine.js'
import type { Rendered } from './render.js'

/** An image that some service needs and the engine lacks. */
export interface MissingImage extends ChosenImage {
  services: string[]
}

/** Images of the rendered services that the engine lacks, or has another one of under the name that a bundle gave it. */
export async function missingImages(engine: Engine, rendered: Rendered): Promise<MissingImage[]> {
  const missing: MissingImage[] = []
  for (const image of usedImages(rendered)) {
    const id = await imageId(engine, image.use)
    if (id !== undefined && (image.id === undefined || image.id === id)) continue
    missing.push({ ...image, services: servicesOf(rendered, image) })
  }
  return missing
}

/** Images that the rendered services use, one-off ones included, each once. */
export function usedImages(rendered: Rendered): ChosenImage[] {
  const used = Object.values(rendered.images).filter((image) => servicesOf(rendered, image).length > 0)
  return [...new Map(used.map((image) => [image.use, image])).values()]
}

function servicesOf({ file }: Rendered, { use }: ChosenImage): string[] {
  return Object.entries(file.services).flatMap(([name, { image }]) => (image === use ? [name] : []))
}

/** Id of an image at the engine; undefined when it is not there. */
export async function imageId({ docker }: Pick<Engine, 'docker'>, name: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(name).inspect()).Id
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
