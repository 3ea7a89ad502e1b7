import type { Readable } from 'node:stream'
import { ObjectStoreError } from '../../storage/object-store/errors.js'
import type { ObjectStore } from '../../storage/object-store/object-store.js'
import { createS3ObjectStore } from '../../storage/object-store/s3-driver.js'
import { MAX_UPLOAD_BYTES } from '../../storage/object-store/s3-upload.js'
import { BackupError, missing } from '../backup-error.js'
import type { BackupStore, StoredFile } from './backup-store.js'
import { checkName, checkPrefix } from './store-names.js'

/** Where in an S3-compatible server backups go. */
export interface S3Target {
  /** Origin, such as `https://s3.eu-central-1.amazonaws.com`; addresses are path style. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  /** Folder in the bucket; none by default. */
  readonly prefix?: string | undefined
  readonly access_key: string
  readonly secret_key: string
}

const PAGE = 1000

/**
 * Backups in a bucket, which must exist. Larger files go in parts with checksums, and are there whole or not at all;
 * uploads that were left unfinished a day ago are cleared.
 */
export async function openS3Store({ name, s3 }: { name: string; s3: S3Target }): Promise<BackupStore> {
  const folder = (s3.prefix ?? '').replace(/^\/+|\/+$/g, '')
  if (folder !== '') checkFolder(name, folder)
  const base = folder === '' ? '' : `${folder}/`
  const objects = createS3ObjectStore({
    endpoint: s3.endpoint,
    region: s3.region,
    bucket: s3.bucket,
    accessKey: s3.access_key,
    secretKey: s3.secret_key,
    tidyPrefix: base,
  })
  const guarded = async <T>(file: string | undefined, work: () => Promise<T>): Promise<T> => {
    if (file !== undefined) checkName(file)
    return work().catch((error: unknown) => {
      throw toBackupError(name, s3.bucket, file ?? 'bucket', error)
    })
  }
  await guarded(undefined, () => objects.ping())
  // A key that may not list uploads may still back up.
  await objects.tidy().catch(() => {})

  return {
    name,
    put: async (file, body) => {
      try {
        await guarded(file, () => put(objects, base + file, body))
      } finally {
        body.destroy()
      }
    },
    get: (file) => guarded(file, async () => (await objects.get(base + file)).body),
    size: (file) => guarded(file, async () => (await objects.head(base + file))?.size),
    list: (prefix) => list(objects, base, prefix, guarded),
    delete: (file) => guarded(file, () => objects.delete(base + file)),
    free: async () => undefined,
    close: () => objects.close(),
  }
}

async function put(objects: ObjectStore, key: string, body: Readable): Promise<void> {
  await objects.put(key, body, { contentType: 'application/octet-stream', maxBytes: MAX_UPLOAD_BYTES })
}

async function* list(
  objects: ObjectStore,
  base: string,
  prefix: string,
  guarded: <T>(file: string | undefined, work: () => Promise<T>) => Promise<T>,
): AsyncGenerator<StoredFile> {
  checkPrefix(prefix)
  for (let cursor: string | undefined, isLast = false; !isLast; ) {
    const page = await guarded(undefined, () =>
      objects.list(base + prefix, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }),
    )
    for (const { key, size, modifiedAt } of page.objects) {
      yield { name: key.slice(base.length), size, modifiedAt }
    }
    cursor = page.nextCursor
    isLast = cursor === undefined
  }
}

function checkFolder(name: string, folder: string): void {
  const isFine =
    folder.length <= 200 && folder.split('/').every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.=-]*$/.test(part))
  if (isFine) return
  throw new BackupError({
    code: 'bad_target',
    message: `The prefix of ${name} cannot be used.`,
    next: 'Use letters, digits, `_`, `.`, `=`, `-`, and single slashes between folders.',
  })
}

/** What the object store says, in words for who backs up; errors of the caller's own stream pass. */
function toBackupError(store: string, bucket: string, file: string, error: unknown): unknown {
  if (!(error instanceof ObjectStoreError)) return error
  if (error.code === 'object_store.not_found') return missing(store, file)
  return new BackupError({
    code: 'store_unavailable',
    message: `The bucket ${bucket} of ${store} cannot be used: ${error.message}`,
    next: 'See that endpoint, region, bucket and keys are right, and that the key may list, read, write and delete there.',
    cause: error,
  })
}
