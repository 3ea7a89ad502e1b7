import type { Readable } from 'node:stream'

/** Where backups are kept: a folder, an S3 bucket, or (to read only) one archive file. Names are relative, with slashes. */
export interface BackupStore {
  /** Name of the target, for people. */
  readonly name: string
  /** Stores the whole body or nothing under a name that is new or replaced. */
  put(name: string, body: Readable): Promise<void>
  /** The bytes of a file; throws `not_found`. The stream must be read or destroyed. */
  get(name: string): Promise<Readable>
  /** Bytes of a file; undefined where there is none. */
  size(name: string): Promise<number | undefined>
  /** Files whose name begins with `prefix`, in byte order. */
  list(prefix: string): AsyncIterable<StoredFile>
  /** Removes a file; one that is not there is no error. */
  delete(name: string): Promise<void>
  /** Bytes that still fit; undefined where nobody can tell. */
  free(): Promise<number | undefined>
  close(): Promise<void>
}

export interface StoredFile {
  readonly name: string
  readonly size: number
  readonly modifiedAt: Date
}
