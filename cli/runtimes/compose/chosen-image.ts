import type { DeploymentLock } from '../../deployment/lock-file.js'

/** An image by the name that the Compose file uses. */
export interface ChosenImage {
  /** As vetrai.yml or this version names it, the mirror in front. */
  ref: string
  /** `ref` without the mirror: the name that every host has for it. */
  usual: string
  /** What stands in the Compose file: `ref`, `ref@sha256:…` once it was pulled, or the plain name that a bundle gave it. */
  use: string
  /** Id of the only image that may go by that name; undefined where the name alone decides. */
  id?: string
  /** What brings it to an engine that lacks it; nothing does where it is of an earlier command line (`held`). */
  origin: 'build' | 'pull' | 'bundle' | 'held'
  /** The chosen image that it is built from. */
  from?: ChosenImage
}

/** What a registry gave is used by its digest; what a bundle brought by its name, because engines know no digest for it. */
export function pinned(usual: string, lock: DeploymentLock, mirror?: string): ChosenImage {
  const ref = mirror ? `${mirror}/${usual}` : usual
  const { id, name } = lock.images?.[ref] ?? {}
  const image = { ref, usual, origin: 'pull' as const }
  return id && name ? { ...image, use: name, id } : { ...image, use: pullName(ref, lock) }
}

/** The name by which a registry gives the very image that lock.json knows; `ref` itself where it knows none. */
export function pullName(ref: string, { images }: DeploymentLock): string {
  const digest = images?.[ref]?.digest
  return digest === undefined || ref.includes('@') ? ref : `${ref}@${digest}`
}
