import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { awaitReader } from './await-reader.js'
import { notFound, ObjectStoreError } from './errors.js'
import {
  codeOf,
  type FileMeta,
  freshId,
  ignoreMissing,
  moveIntoPlace,
  pathsOf,
  pruneFolders,
  readMeta,
  syncFolder,
} from './file-layout.js'
import { removeLeftovers, walkKeys } from './file-walk.js'
import { KeyLock } from './key-lock.js'
import {
  attachmentHeader,
  badInput,
  checkContentType,
  checkKey,
  checkLimit,
  checkPutOptions,
  DEFAULT_MAX_BYTES,
  decodeCursor,
  encodeCursor,
} from './keys.js'
import { expiryOf, signLocalUrl } from './local-presign.js'
import type {
  ByteRange,
  ObjectInfo,
  ObjectPage,
  ObjectStore,
  PutOptions,
  StoredObject,
} from './object-store.js'

/** Where the files go and how signed links to them look. */
export interface FileStoreOptions {
  /** Folder of the store; made by prepare (0700). */
  readonly path: string
  /** Base of signed links, such as `https://host/objects/v1`; the server answers there with verifyLocalUrl. */
  readonly baseUrl: string
  /** Secret the links are signed with (a purpose key is derived from it). */
  readonly secret: string
  readonly now?: () => Date
}

/**
 * A store in one folder. Survives a crash at any point: bytes are flushed before the record that names
 * them is renamed into place. Several processes may share the folder.
 */
export function createFileObjectStore(options: FileStoreOptions): ObjectStore {
  const root = options.path
  const now = options.now ?? (() => new Date())
  const locks = new KeyLock()

  return {
    driver: 'file',
    prepare: () => guarded(() => makeFolders(root)),
    put: (key, body, putOptions) => guarded(() => put(root, locks, now, key, body, putOptions)),
    get: (key, getOptions) => guarded(() => get(root, key, getOptions?.range)),
    head: (key) =>
      guarded(async () => {
        const meta = await readMeta(pathsOf(root, key).meta)
        return meta && infoOf(key, meta)
      }),
    delete: (key) => guarded(() => locks.run(key, () => remove(root, key))),
    list: (prefix, { cursor, limit } = {}) => guarded(() => list(root, prefix, cursor, checkLimit(limit))),
    presignGet: async (key, { expiresInS, downloadName }) => {
      checkKey(key)
      const expiresAt = expiryOf(expiresInS, now())
      const expires = expiresAt.getTime() / 1000
      const name = downloadName === undefined ? {} : { downloadName }
      const url = signLocalUrl(options.baseUrl, options.secret, { method: 'GET', key, expires, ...name })
      return { url, method: 'GET', headers: {}, expiresAt }
    },
    presignPut: async (key, { expiresInS, contentType, contentLength }) => {
      checkKey(key)
      checkContentType(contentType)
      if (!Number.isSafeInteger(contentLength) || contentLength < 0)
        throw badInput('contentLength is not a size.')
      const expiresAt = expiryOf(expiresInS, now())
      const grant = {
        method: 'PUT',
        key,
        expires: expiresAt.getTime() / 1000,
        contentType,
        contentLength,
      } as const
      const headers = { 'content-type': contentType, 'content-length': String(contentLength) }
      return { url: signLocalUrl(options.baseUrl, options.secret, grant), method: 'PUT', headers, expiresAt }
    },
    ping: () =>
      guarded(async () => {
        for (const name of ['objects', 'tmp']) await access(join(root, name), constants.R_OK | constants.W_OK)
      }),
    tidy: () => guarded(() => removeLeftovers(root, now())),
    close: async () => {},
  }
}

/** Headers for answering a signed local GET: type, length, attachment, and nothing sniffed or run. */
export function downloadHeaders(info: ObjectInfo, downloadName?: string): Record<string, string> {
  return {
    'content-type': info.contentType,
    'content-length': String(info.size),
    'content-disposition': attachmentHeader(info.key, downloadName),
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    etag: `"${info.etag}"`,
  }
}

async function makeFolders(root: string): Promise<void> {
  for (const name of ['objects', 'tmp']) await mkdir(join(root, name), { recursive: true, mode: 0o700 })
}

async function put(
  root: string,
  locks: KeyLock,
  now: () => Date,
  key: string,
  body: Uint8Array | Readable,
  options: PutOptions,
): Promise<ObjectInfo> {
  awaitReader(body)
  checkPutOptions(options)
  const paths = pathsOf(root, key)
  const id = freshId()
  const part = join(root, 'tmp', id)
  try {
    const { size, sha256 } = await writeBody(root, part, body, options.maxBytes ?? DEFAULT_MAX_BYTES)
    const { contentType, metadata = {} } = options
    const meta: FileMeta = { data: id, size, sha256, contentType, metadata, modifiedAt: now().toISOString() }
    await locks.run(key, async () => {
      const before = await readMeta(paths.meta).catch(() => undefined)
      await writeFlushed(root, `${part}.meta`, JSON.stringify(meta))
      await moveIntoPlace(part, paths.data(id))
      await moveIntoPlace(`${part}.meta`, paths.meta)
      await syncFolder(paths.folder)
      if (before !== undefined) await rm(paths.data(before.data), { force: true })
    })
    return infoOf(key, meta)
  } catch (error) {
    for (const left of [part, `${part}.meta`]) await rm(left, { force: true }).catch(() => {})
    throw error
  }
}

async function writeBody(
  root: string,
  path: string,
  body: Uint8Array | Readable,
  maxBytes: number,
): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  await withNewFile(root, path, async (file) => {
    for await (const piece of body instanceof Uint8Array ? [body] : body) {
      const bytes: Uint8Array = typeof piece === 'string' ? Buffer.from(piece) : piece
      size += bytes.byteLength
      if (size > maxBytes) {
        throw new ObjectStoreError('object_store.too_large', `The object is larger than ${maxBytes} bytes.`)
      }
      hash.update(bytes)
      await file.writeFile(bytes)
    }
  })
  return { size, sha256: hash.digest('hex') }
}

function writeFlushed(root: string, path: string, text: string): Promise<void> {
  return withNewFile(root, path, (file) => file.writeFile(text))
}

async function withNewFile(
  root: string,
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const create = () => open(path, 'wx', 0o600)
  // A store used before prepare, or whose folder was emptied, heals itself.
  const file = await create().catch(async (error: unknown) => {
    ignoreMissing(error)
    await makeFolders(root)
    return create()
  })
  try {
    await write(file)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function get(root: string, key: string, range: ByteRange | undefined): Promise<StoredObject> {
  const paths = pathsOf(root, key)
  for (let attempt = 1; ; attempt += 1) {
    const meta = await readMeta(paths.meta)
    if (meta === undefined) throw notFound(key)
    const file = await open(paths.data(meta.data), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
      ignoreMissing,
    )
    if (file !== undefined) return openBody(key, meta, file, range)
    // Replaced between the two reads: look again. A record whose bytes stay away is damage.
    if (attempt === 5)
      throw new ObjectStoreError('object_store.damaged', 'The bytes of an object are missing.')
  }
}

async function openBody(
  key: string,
  meta: FileMeta,
  file: FileHandle,
  range: ByteRange | undefined,
): Promise<StoredObject> {
  try {
    if ((await file.stat()).size !== meta.size) {
      throw new ObjectStoreError(
        'object_store.damaged',
        'An object does not have the length it was stored with.',
      )
    }
    const info = infoOf(key, meta)
    if (range === undefined) return { info, body: file.createReadStream() }
    const cut = cutRange(range, meta.size)
    return { info, range: cut, body: file.createReadStream(cut) }
  } catch (error) {
    await file.close()
    throw error
  }
}

function cutRange(
  { start, end = Number.MAX_SAFE_INTEGER }: ByteRange,
  size: number,
): { start: number; end: number } {
  const isFine =
    Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start && start < size
  if (!isFine) throw new ObjectStoreError('object_store.bad_range', 'The object does not have these bytes.')
  return { start, end: Math.min(end, size - 1) }
}

async function remove(root: string, key: string): Promise<void> {
  const paths = pathsOf(root, key)
  const meta = await readMeta(paths.meta).catch(() => undefined)
  await rm(paths.meta, { force: true }).catch(ignoreMissing)
  await syncFolder(paths.folder)
  if (meta !== undefined) await rm(paths.data(meta.data), { force: true })
  await pruneFolders(root, paths.folder)
}

async function list(
  root: string,
  prefix: string,
  cursor: string | undefined,
  limit: number,
): Promise<ObjectPage> {
  const objects: ObjectInfo[] = []
  for await (const key of walkKeys(root, prefix, cursor === undefined ? '' : decodeCursor(cursor))) {
    const meta = await readMeta(pathsOf(root, key).meta)
    if (meta === undefined) continue
    if (objects.length === limit) return { objects, nextCursor: encodeCursor(objects.at(-1)?.key ?? '') }
    objects.push(infoOf(key, meta))
  }
  return { objects, nextCursor: undefined }
}

function infoOf(key: string, meta: FileMeta): ObjectInfo {
  const { size, sha256, contentType, metadata, modifiedAt } = meta
  return { key, size, etag: sha256, contentType, metadata, modifiedAt: new Date(modifiedAt) }
}

/** Disk errors leave as `unavailable`; errors of a caller's own stream and ours pass unchanged. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = codeOf(error)
    const isDisk =
      code !== undefined && /^E[A-Z]+$/.test(code) && (error as { syscall?: unknown }).syscall !== undefined
    const isSocket = code !== undefined && /^(ECONN|EPIPE)/.test(code)
    if (!isDisk || isSocket || error instanceof ObjectStoreError) throw error
    throw new ObjectStoreError(
      'object_store.unavailable',
      `The object store cannot be used now (${code}).`,
      error,
    )
  }
}
