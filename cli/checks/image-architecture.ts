import { type Check, type CheckContext, type Finding, ok, warn } from './check.js'

/** One image that is here already. */
export interface ImageMachine {
  name: string
  architecture: string
}

/** The images that are here were made for this machine. */
export const imageArchitecture: Check = {
  name: 'images',
  title: 'Images',
  stages: ['doctor'],
  remedy: 'Pull them again for this machine.',
  run: async (context) => {
    const facts = await context.engine?.().catch(() => undefined)
    if (!facts) return undefined
    return judgeArchitecture(facts.architecture, await imagesHere(context))
  },
}

/** Judges images by the machine they were made for; undefined where there are none. */
export function judgeArchitecture(engine: string, images: readonly ImageMachine[]): Finding | undefined {
  if (images.length === 0) return undefined
  const foreign = images.filter(({ architecture }) => architecture !== engine)
  if (foreign.length === 0) return ok(`${images.length} here, all for ${engine}`)
  const list = foreign.map(({ name, architecture }) => `${name} is for ${architecture}`).join('; ')
  return warn(
    `${list}: on ${engine} it runs by emulation, slowly if at all`,
    foreign.map(({ name }) => `docker pull --platform linux/${engine} ${name}`).join(' && '),
  )
}

/** Images in use, by lock.json; what the engine does not have yet says nothing. */
async function imagesHere({ deployment, engine }: CheckContext): Promise<ImageMachine[]> {
  const facts = await engine?.()
  const names = Object.keys(deployment?.lock.images ?? {})
  const found = await Promise.all(
    names.map((name) =>
      facts?.client
        .getImage(name)
        .inspect()
        .then(
          ({ Architecture }): ImageMachine[] => [{ name, architecture: Architecture }],
          () => [],
        ),
    ),
  )
  return found.flatMap((images) => images ?? [])
}
