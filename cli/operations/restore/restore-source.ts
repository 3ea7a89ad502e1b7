import { resolve } from 'node:path'
import type { ToolMount } from '../../runtimes/backup-tool.js'

/** Where a backup is to be read from. `id` may be `latest`. */
export type RestoreSource =
  | { kind: 'target'; target: string | null; id: string }
  | { kind: 'archive'; file: string }
  | { kind: 'folder'; folder: string; id: string }
  | { kind: 's3'; s3: S3Source; id: string }

/** A bucket that no deployment here knows yet: that of a host which is lost. */
export interface S3Source {
  endpoint: string
  region: string
  bucket: string
  prefix: string
  access_key: string
  /** Goes to the program by its standard input. */
  secret_key: string
}

/** A source as the program that reads it is told, and what it must be able to see for that. */
export function toolSource(source: RestoreSource): { request: Record<string, unknown>; mounts: ToolMount[] } {
  if (source.kind === 'target') return { request: { target: source.target, id: source.id }, mounts: [] }
  if (source.kind === 's3') return { request: { s3: source.s3, id: source.id }, mounts: [] }
  if (source.kind === 'archive') {
    const path = resolve(source.file)
    return { request: { file: path }, mounts: [{ path }] }
  }
  const path = resolve(source.folder)
  return { request: { folder: path, id: source.id }, mounts: [{ path }] }
}

/** A source in words. */
export function sourceWords(source: RestoreSource): string {
  if (source.kind === 'archive') return source.file
  if (source.kind === 'folder') return `${source.id} in ${source.folder}`
  if (source.kind === 's3') return `${source.id} in the bucket ${source.s3.bucket}`
  return source.target === null ? source.id : `${source.id} in the target ${source.target}`
}
