import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Client } from 'minio'
import { awaitReader } from './await-reader.js'
import { notFound, ObjectStoreError } from './errors.js'
import {
  attachmentHeader,
  badInput,
  checkContentType,
  checkKey,
  checkLimit,
  checkPrefix,
  checkPutOptions,
  DEFAULT_MAX_BYTES,
  decodeCursor,
  encodeCursor,
} from './keys.js'
import { expiryOf } from './local-presign.js'
import type {
  ByteRange,
  ObjectInfo,
  ObjectPage,
  ObjectStore,
  PutOptions,
  StoredObject,
} from './object-store.js'
import { presignS3Url } from './s3-presign.js'
import { SourceFailure, tooLarge, uploadStream } from './s3-upload.js'

/** How to reach the S3-compatible server; addresses are path style. */
export interface S3StoreOptions {
  /** Origin, such as `http://object-store:9000`. */
  readonly endpoint: string
  /** Origin in signed links when people reach the server by another name. Default: `endpoint`. */
  readonly publicEndpoint?: string | undefined
  readonly region: string
  readonly bucket: string
  readonly accessKey: string
  readonly secretKey: string
  /** What tidy looks at, where others keep theirs in the same bucket. Default: all of it. */
  readonly tidyPrefix?: string
  readonly now?: () => Date
}

/** A store in one bucket; the client library is loaded with the first call. */
export function createS3ObjectStore(options: S3StoreOptions): ObjectStore {
  const { bucket } = options
  const now = options.now ?? (() => new Date())
  let loaded: Promise<Client> | undefined
  const withClient = async <T>(key: string, work: (client: Client) => Promise<T>): Promise<T> => {
    loaded ??= openClient(options)
    const client = await loaded
    return work(client).catch((error: unknown) => {
      throw toStoreError(error, key)
    })
  }
  const presign = (
    method: 'GET' | 'PUT',
    key: string,
    expiresInS: number,
    more: { headers?: Record<string, string>; query?: Record<string, string> },
  ) => {
    checkKey(key)
    const endpoint = options.publicEndpoint ?? options.endpoint
    const expiresAt = expiryOf(expiresInS, now())
    const url = presignS3Url({
      ...options,
      method,
      endpoint,
      path: `/${bucket}/${key}`,
      now: now(),
      expiresInS,
      ...more,
    })
    return { url, method, headers: more.headers ?? {}, expiresAt }
  }

  return {
    driver: 's3',
    prepare: () =>
      withClient('', async (client) => {
        if (await client.bucketExists(bucket)) return
        await client.makeBucket(bucket, options.region).catch((error: unknown) => {
          // Another process was first.
          if (!/^BucketAlready/.test(codeOf(error))) throw error
        })
      }),
    put: async (key, body, putOptions) => {
      awaitReader(body)
      checkKey(key)
      checkPutOptions(putOptions)
      return withClient(key, (client) => put(client, bucket, key, body, putOptions, now()))
    },
    get: async (key, getOptions) => {
      checkKey(key)
      return withClient(key, (client) => get(client, bucket, key, getOptions?.range))
    },
    head: async (key) => {
      checkKey(key)
      return withClient(key, async (client) => {
        const stat = await client.statObject(bucket, key).catch((error: unknown) => {
          if (isMissing(error)) return undefined
          throw error
        })
        return (
          stat &&
          infoOf(key, stat.size, stat.etag, stat.lastModified, stat.metaData as Record<string, string>)
        )
      })
    },
    delete: async (key) => {
      checkKey(key)
      await withClient(key, async (client) => {
        await client.removeObject(bucket, key).catch((error: unknown) => {
          if (!isMissing(error)) throw error
        })
      })
    },
    list: async (prefix, { cursor, limit } = {}) => {
      checkPrefix(prefix)
      const after = cursor === undefined ? '' : decodeCursor(cursor)
      const most = checkLimit(limit)
      return withClient('', (client) => list(client, bucket, prefix, after, most))
    },
    presignGet: async (key, { expiresInS, downloadName }) =>
      presign('GET', key, expiresInS, {
        query: { 'response-content-disposition': attachmentHeader(key, downloadName) },
      }),
    presignPut: async (key, { expiresInS, contentType, contentLength }) => {
      checkContentType(contentType)
      if (!Number.isSafeInteger(contentLength) || contentLength < 0)
        throw badInput('contentLength is not a size.')
      return presign('PUT', key, expiresInS, {
        headers: { 'content-type': contentType, 'content-length': String(contentLength) },
      })
    },
    ping: () =>
      withClient('', async (client) => {
        if (await client.bucketExists(bucket)) return
        throw new ObjectStoreError('object_store.unavailable', `The bucket ${bucket} does not exist.`)
      }),
    tidy: () =>
      withClient('', (client) =>
        abortOldUploads(client, bucket, options.tidyPrefix ?? '', now()).catch((error: unknown) => {
          // Some servers cannot list unfinished uploads; they clear them by rules of their own.
          if (codeOf(error) === 'NotImplemented') return 0
          throw error
        }),
      ),
    close: async () => {
      loaded = undefined
    },
  }
}

async function openClient(options: S3StoreOptions): Promise<Client> {
  const { hostname, port, protocol } = new URL(options.endpoint)
  const { Client } = await import('minio')
  const useSSL = protocol === 'https:'
  return new Client({
    endPoint: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (useSSL ? 443 : 80) : Number(port),
    useSSL,
    accessKey: options.accessKey,
    secretKey: options.secretKey,
    region: options.region,
    pathStyle: true,
  })
}

async function put(
  client: Client,
  bucket: string,
  key: string,
  body: Uint8Array | Readable,
  { contentType, metadata = {}, maxBytes = DEFAULT_MAX_BYTES }: PutOptions,
  modifiedAt: Date,
): Promise<ObjectInfo> {
  const headers = Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`X-Amz-Meta-${name}`, value]),
  )
  const head = { 'Content-Type': contentType, ...headers }
  if (body instanceof Uint8Array) {
    if (body.byteLength > maxBytes) throw tooLarge(maxBytes)
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    const { etag } = await client.putObject(bucket, key, bytes, bytes.length, head)
    return { key, size: bytes.length, etag, contentType, metadata, modifiedAt }
  }
  const { etag, size } = await uploadStream(client, { bucket, key, headers: head, maxBytes }, body)
  return { key, size, etag, contentType, metadata, modifiedAt }
}

async function get(
  client: Client,
  bucket: string,
  key: string,
  range: ByteRange | undefined,
): Promise<StoredObject> {
  const start = range?.start ?? 0
  const length = range?.end === undefined ? 0 : range.end - start + 1
  if (!Number.isSafeInteger(start) || start < 0 || length < 0 || (range?.end !== undefined && length < 1))
    throw badRange()
  const body = await (range === undefined
    ? client.getObject(bucket, key)
    : client.getPartialObject(bucket, key, start, length))
  // The answer's own head: asking for it apart could describe another version of the object.
  const { headers } = body as Readable & { headers: IncomingHttpHeaders }
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  const size = Number(total ?? headers['content-length'] ?? 0)
  const modifiedAt = new Date(headers['last-modified'] ?? 0)
  const info = infoOf(key, size, (headers.etag ?? '').replace(/^"|"$/g, ''), modifiedAt, metadataOf(headers))
  if (range === undefined) return { info, body }
  if (first === undefined) {
    body.destroy()
    throw badRange()
  }
  return { info, body, range: { start: Number(first), end: Number(last) } }
}

async function list(
  client: Client,
  bucket: string,
  prefix: string,
  after: string,
  limit: number,
): Promise<ObjectPage> {
  const { objects: found } = await client.listObjectsV2Query(
    bucket,
    prefix,
    '',
    '',
    Math.min(limit + 1, 1000),
    after,
  )
  const objects = found.slice(0, limit).flatMap(({ name, size, etag, lastModified }) => {
    if (name === undefined) return []
    return [
      {
        key: name,
        size: size ?? 0,
        etag: (etag ?? '').replace(/^"|"$/g, ''),
        modifiedAt: new Date(lastModified ?? 0),
      },
    ]
  })
  // A server lists at most 1000: a full page of that size has a next one, which may be empty.
  const hasMore = found.length > limit || (limit === 1000 && found.length === 1000)
  return { objects, nextCursor: hasMore ? encodeCursor(objects.at(-1)?.key ?? '') : undefined }
}

async function abortOldUploads(client: Client, bucket: string, prefix: string, now: Date): Promise<number> {
  let removed = 0
  for await (const upload of client.listIncompleteUploads(bucket, prefix, true)) {
    const { key, uploadId, initiated } = upload as { key: string; uploadId: string; initiated: Date }
    if (now.getTime() - new Date(initiated).getTime() < 86_400_000) continue
    await client.abortMultipartUpload(bucket, key, uploadId)
    removed += 1
  }
  return removed
}

function infoOf(
  key: string,
  size: number,
  etag: string,
  modifiedAt: Date,
  meta: Record<string, string>,
): ObjectInfo {
  const { 'content-type': contentType = 'application/octet-stream', ...rest } = meta
  const isOurs = ([name]: [string, string]) => !/^(cache-control|expires|content-.*)$/.test(name)
  const metadata = Object.fromEntries(Object.entries(rest).filter(isOurs))
  return { key, size, etag, contentType, metadata, modifiedAt }
}

function metadataOf(headers: IncomingHttpHeaders): Record<string, string> {
  const named = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    if (typeof value !== 'string') return []
    if (name === 'content-type') return [[name, value]]
    return name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value]] : []
  })
  return Object.fromEntries(named)
}

function toStoreError(error: unknown, key: string): Error {
  if (error instanceof ObjectStoreError) return error
  if (error instanceof SourceFailure) return error.error
  const code = codeOf(error)
  if (isMissing(error)) return notFound(key)
  if (code === 'InvalidRange') return badRange()
  return new ObjectStoreError(
    'object_store.unavailable',
    `The object store cannot be used now (${code || 'unknown'}).`,
    error,
  )
}

function isMissing(error: unknown): boolean {
  return /^(NoSuchKey|NotFound)$/.test(codeOf(error))
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

function badRange(): ObjectStoreError {
  return new ObjectStoreError('object_store.bad_range', 'The object does not have these bytes.')
}
