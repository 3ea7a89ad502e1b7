import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { BundledImage } from '../../bundle/manifest.js'
import type { DeploymentLock } from '../../deployment/lock-file.js'
import type { ChosenImage } from './chosen-image.js'
import { imageId } from './missing-images.js'

/** What a bundle says of images that are at the engine. */
export async function describeImages(
  docker: Docker,
  images: ChosenImage[],
  { images: locked = {} }: DeploymentLock,
): Promise<BundledImage[]> {
  return Promise.all(
    images.map(async ({ ref, usual, use }) => {
      const { Id: id, Size: size } = await docker.getImage(use).inspect()
      const digest = locked[ref]?.digest ?? null
      return { ref: usual, name: plainName(usual), id, digest, size_bytes: size }
    }),
  )
}

/**
 * Name and tag of an image without its digest: archives of images know no digests, and a name without a tag would stand for
 * all tags.
 */
export function plainName(ref: string): string {
  const [plain = '', digest] = ref.split('@')
  if (/:[^:/]*$/.test(plain)) return plain
  return `${plain}:${digest ? digest.replace(':', '-').slice(0, 19) : 'latest'}`
}

/**
 * Does work while every image has its plain name, and gives names that meant another image back to it. A name that meant
 * nothing stays: taking it away could remove the image.
 */
export async function underPlainNames<T>(
  docker: Docker,
  images: BundledImage[],
  work: () => Promise<T>,
): Promise<T> {
  const moved: { name: string; id: string }[] = []
  try {
    for (const { id, name } of images) {
      const before = await imageId({ docker }, name)
      if (before === id) continue
      if (before !== undefined) moved.push({ name, id: before })
      await giveName(docker, id, name)
    }
    return await work()
  } finally {
    for (const { name, id } of moved) await giveName(docker, id, name)
  }
}

async function giveName(docker: Docker, image: string, name: string): Promise<void> {
  const at = name.lastIndexOf(':')
  await docker.getImage(image).tag({ repo: name.slice(0, at), tag: name.slice(at + 1) })
}

/** All images as one tar by the engine, in which a layer that several have stands once. Its types lack this call. */
export async function saveImages(docker: Docker, images: BundledImage[]): Promise<Readable> {
  const client = docker as Docker & { getImages(options: { names: string[] }): Promise<Readable> }
  return client.getImages({ names: images.map(({ name }) => name) })
}
