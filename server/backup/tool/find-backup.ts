import { BackupError } from '../backup-error.js'
import { listBackups } from '../list-backups.js'
import type { Manifest } from '../manifest.js'
import { readManifest } from '../manifests.js'
import type { BackupStore } from '../stores/backup-store.js'
import type { ToolContext } from './context.js'
import type { Source } from './requests.js'

/** A backup and where it was found. */
export interface FoundBackup {
  store: BackupStore
  manifest: Manifest
}

/**
 * Finds the backup that a request names: of a target the newest where it says `latest`; without a target, in the first target
 * that has it. Throws where there is none.
 */
export async function findBackup(context: ToolContext, source: Source): Promise<FoundBackup> {
  const id = 'file' in source ? 'latest' : (source.id ?? 'latest')
  const isAnywhere = !('file' in source || 'folder' in source || 's3' in source || source.target)
  if (isAnywhere && id !== 'latest') return inAnyTarget(context, id)
  const store = await context.source(source)
  if (id !== 'latest') return { store, manifest: await readManifest(store, id) }
  const { complete, unreadable } = await listBackups(store)
  const [newest] = complete
  if (newest) return { store, manifest: newest.manifest }
  // Why the only one cannot be read says more than that there is none.
  if (unreadable[0]) throw unreadable[0].error
  throw new BackupError({
    code: 'no_backup',
    message: `There is no complete backup in ${store.name}.`,
    next: 'Make one with `vetrai backup create`, or name another place with --target or --from.',
  })
}

async function inAnyTarget(context: ToolContext, id: string): Promise<FoundBackup> {
  let reason: unknown
  for (const name of await context.targetNames()) {
    try {
      const store = await context.target(name)
      return { store, manifest: await readManifest(store, id) }
    } catch (error) {
      if (!(error instanceof BackupError)) throw error
      // A backup that is there and damaged is told of rather than a target that lacks it.
      if (reason === undefined || error.code !== 'not_found') reason = error
    }
  }
  throw reason
}
