import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeploymentLock } from '../../deployment/lock-file.js'
import { type ChosenImage, pinned } from './chosen-image.js'
import { ROOT } from './installation.js'
import { sourceFiles } from './source-files.js'

/** Below the root: what the image of a PostgreSQL that archives its WAL is made of, beside the chosen one. */
export const ARCHIVING_CONTEXT = 'compose/postgres'

/**
 * The chosen PostgreSQL with pgBackRest. Its tag changes with what is added and with the name of what that is added to, so that
 * hosts which have them from different registries agree on it.
 */
export async function archivingImage(from: ChosenImage, lock: DeploymentLock): Promise<ChosenImage> {
  const hash = createHash('sha256').update(from.usual)
  for (const path of await sourceFiles(ARCHIVING_CONTEXT))
    hash.update(path).update(await readFile(join(ROOT, path)))
  const [, version = 'own'] = /:([\w.-]+)(?:@.*)?$/.exec(from.usual) ?? []
  const ref = `vetrai/postgres:${version.slice(0, 80)}-${hash.digest('hex').slice(0, 12)}`
  return { ...pinned(ref, lock), origin: 'build', from }
}
