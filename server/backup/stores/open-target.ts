import type { BackupStore } from './backup-store.js'
import { openFolderStore } from './folder-store.js'
import { openS3Store, type S3Target } from './s3-store.js'

/** A target as the deployment's settings name it. */
export type TargetDescription =
  | { readonly name: string; readonly folder: string }
  | { readonly name: string; readonly s3: S3Target }

/** Opens a target; throws a BackupError when it cannot be used now. */
export function openTarget(target: TargetDescription): Promise<BackupStore> {
  return 'folder' in target ? openFolderStore(target) : openS3Store(target)
}
