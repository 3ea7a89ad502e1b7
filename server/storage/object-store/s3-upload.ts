import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Client } from 'minio'
import { ObjectStoreError } from './errors.js'

/** Bytes held in memory of one upload of unknown length. */
const PART_BYTES = 8 * 1024 * 1024
/** What 10 000 parts hold, which is as many as S3 takes: 80 GiB. */
export const MAX_UPLOAD_BYTES = 10_000 * PART_BYTES

/** An error of the caller's own stream, kept apart from the storage server's. */
export class SourceFailure {
  readonly error: Error

  constructor(error: unknown) {
    this.error = error instanceof Error ? error : new Error(String(error))
  }
}

/** Where and as what an upload is stored. */
export interface UploadTarget {
  readonly bucket: string
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly maxBytes: number
}

/**
 * Uploads a stream of unknown length: in one request when it fits one part, else in parts of an upload of
 * its own, which is aborted when anything fails. The client library's own way resumes whatever unfinished
 * upload it finds under the key, so two writers at once would mix their parts.
 */
export async function uploadStream(
  client: Client,
  target: UploadTarget,
  body: Readable,
): Promise<{ etag: string; size: number }> {
  const parts = partsOf(body, target.maxBytes)
  const first = (await parts.next()).value ?? Buffer.alloc(0)
  if (first.length < PART_BYTES) {
    const { etag } = await client.putObject(target.bucket, target.key, first, first.length, {
      ...target.headers,
    })
    return { etag, size: first.length }
  }

  const uploadId = await client.initiateNewMultipartUpload(target.bucket, target.key, { ...target.headers })
  try {
    const done = [{ part: 1, etag: await uploadPart(client, target, uploadId, 1, first) }]
    let size = first.length
    for await (const piece of parts) {
      const part = done.length + 1
      done.push({ part, etag: await uploadPart(client, target, uploadId, part, piece) })
      size += piece.length
    }
    const { etag } = await client.completeMultipartUpload(target.bucket, target.key, uploadId, done)
    return { etag, size }
  } catch (error) {
    await client.abortMultipartUpload(target.bucket, target.key, uploadId).catch(() => {})
    throw error
  } finally {
    body.destroy()
  }
}

/** The error for a body beyond its bound. */
export function tooLarge(maxBytes: number): ObjectStoreError {
  return new ObjectStoreError('object_store.too_large', `The object is larger than ${maxBytes} bytes.`)
}

async function uploadPart(
  client: Client,
  { bucket, key }: UploadTarget,
  uploadId: string,
  part: number,
  bytes: Buffer,
): Promise<string> {
  // The library's uploadPart reads the answer to a copy, which a plain part does not have.
  const response = await client.makeRequestAsyncOmit(
    {
      method: 'PUT',
      bucketName: bucket,
      objectName: key,
      // URLSearchParams would write `~` as %7E, which is not what a signature is computed of: Ceph's ids hold one.
      query: `partNumber=${part}&uploadId=${encodeURIComponent(uploadId)}`,
      // Over TLS the library signs no digest of the body: the server could not tell bytes that changed on the way.
      headers: {
        'Content-Length': String(bytes.length),
        'Content-MD5': createHash('md5').update(bytes).digest('base64'),
      },
    },
    bytes,
  )
  return (response.headers.etag ?? '').replace(/^"|"$/g, '')
}

/** Cuts the stream into full parts and a rest; throws SourceFailure for the stream's own error. */
async function* partsOf(body: Readable, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer[] = []
  let length = 0
  let total = 0
  for await (const piece of ownErrors(body)) {
    total += piece.length
    if (total > maxBytes) throw tooLarge(maxBytes)
    held.push(piece)
    length += piece.length
    while (length >= PART_BYTES) {
      const all = Buffer.concat(held, length)
      yield all.subarray(0, PART_BYTES)
      held = [all.subarray(PART_BYTES)]
      length -= PART_BYTES
    }
  }
  if (length > 0) yield Buffer.concat(held, length)
}

async function* ownErrors(body: Readable): AsyncGenerator<Buffer, void, undefined> {
  const pieces = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const piece = await pieces.next().catch((error: unknown) => {
        throw new SourceFailure(error)
      })
      if (piece.done) return
      yield typeof piece.value === 'string' ? Buffer.from(piece.value) : piece.value
    }
  } finally {
    body.destroy()
  }
}
