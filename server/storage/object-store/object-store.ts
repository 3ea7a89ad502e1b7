import type { Readable } from 'node:stream'

/** Where files live: one interface over a folder and over any S3-compatible server. */
export interface ObjectStore {
  readonly driver: 'file' | 's3'
  /** Makes the folder or the bucket when missing. Safe to repeat. */
  prepare(): Promise<void>
  /**
   * Stores the whole body or nothing: a reader sees the old object or the new one, never a part. Throws
   * `too_large` beyond `maxBytes`; an error of the source stream is thrown on as it is.
   */
  put(key: string, body: Uint8Array | Readable, options: PutOptions): Promise<ObjectInfo>
  /** The object and its bytes; throws `not_found`, or `bad_range` when the range starts past the end. The stream must be read or destroyed. */
  get(key: string, options?: { readonly range?: ByteRange }): Promise<StoredObject>
  /** What is known of the object, or undefined. */
  head(key: string): Promise<ObjectInfo | undefined>
  /** Removes the object; one that is not there is no error. */
  delete(key: string): Promise<void>
  /** Objects whose key begins with `prefix` (may be empty), in byte order of their keys. */
  list(prefix: string, options?: ListOptions): Promise<ObjectPage>
  /** A link that downloads the object (as an attachment) without other credentials until it expires. */
  presignGet(key: string, options: PresignGetOptions): Promise<PresignedUrl>
  /** A link that uploads exactly this many bytes of this type, with the given headers, until it expires. */
  presignPut(key: string, options: PresignPutOptions): Promise<PresignedUrl>
  /** Throws `unavailable` when objects cannot be stored now. */
  ping(): Promise<void>
  /** Removes what interrupted uploads left more than a day ago; gives their number. Safe at any time. */
  tidy(): Promise<number>
  /** Lets go of connections. */
  close(): Promise<void>
}

export interface PutOptions {
  readonly contentType: string
  /** Lower-case names, printable ASCII values, 2 KiB together. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Refuses a longer body. Default 5 GiB. */
  readonly maxBytes?: number
}

export interface ObjectInfo {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Changes whenever the content does; opaque otherwise (the file driver gives the SHA-256). */
  readonly etag: string
  readonly contentType: string
  readonly metadata: Readonly<Record<string, string>>
  readonly modifiedAt: Date
}

export interface StoredObject {
  readonly info: ObjectInfo
  readonly body: Readable
  /** The bytes `body` gives, both ends included, when a range was asked for. */
  readonly range?: { readonly start: number; readonly end: number }
}

/** Bytes from `start` to `end`, both included; without `end` to the last; an end past it is cut. */
export interface ByteRange {
  readonly start: number
  readonly end?: number
}

export interface ListOptions {
  /** `nextCursor` of the page before. */
  readonly cursor?: string
  /** 1 to 1000, default 100. */
  readonly limit?: number
}

export interface ObjectPage {
  readonly objects: readonly Pick<ObjectInfo, 'key' | 'size' | 'etag' | 'modifiedAt'>[]
  readonly nextCursor: string | undefined
}

export interface PresignGetOptions {
  /** 1 to 604 800 (a week, what S3 allows). */
  readonly expiresInS: number
  /** File name offered to the person who downloads; default is the key's last part. */
  readonly downloadName?: string
}

export interface PresignPutOptions {
  readonly expiresInS: number
  readonly contentType: string
  /** Bytes the upload must have. */
  readonly contentLength: number
}

export interface PresignedUrl {
  readonly url: string
  readonly method: 'GET' | 'PUT'
  /** Headers the caller must send with the request. */
  readonly headers: Readonly<Record<string, string>>
  readonly expiresAt: Date
}
