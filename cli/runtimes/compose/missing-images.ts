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
    const services = servicesOf(rendered, image)
    missing.push({ ...image, services: services.length > 0 ? services : servicesOn(rendered, image) })
  }
  return missing
}

/** Images that the rendered services use, one-off ones included, each once; before one that is built, what it is built from. */
export function usedImages(rendered: Rendered): ChosenImage[] {
  const used = Object.values(rendered.images)
    .filter((image) => servicesOf(rendered, image).length > 0)
    .flatMap((image) => (image.from ? [image.from, image] : [image]))
  return [...new Map(used.map((image) => [image.use, image])).values()]
}

function servicesOf({ file }: Rendered, { use }: ChosenImage): string[] {
  return Object.entries(file.services).flatMap(([name, { image }]) => (image === use ? [name] : []))
}

/** Services whose image is built from this one. */
function servicesOn(rendered: Rendered, { use }: ChosenImage): string[] {
  return Object.values(rendered.images).flatMap((image) =>
    image.from?.use === use ? servicesOf(rendered, image) : [],
  )
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
