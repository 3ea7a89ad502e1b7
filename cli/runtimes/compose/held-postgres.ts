import type { DeploymentLock } from '../../deployment/lock-file.js'
import { type ChosenImage, pinned } from './chosen-image.js'

/**
 * The image that runs the data: the wanted one, unless the data is of another major and lock.json says which image it stays with
 * until an upgrade has moved it. Another wish than the one it stands in for ends that.
 */
export function heldPostgres(wanted: ChosenImage, lock: DeploymentLock): ChosenImage {
  const { held_postgres: held } = lock
  if (held?.instead_of !== wanted.ref) return wanted
  return { ...pinned(held.ref, lock), usual: held.usual }
}
