import { ObjectStoreError } from './errors.js'
import type { PutOptions } from './object-store.js'

/** Safe in S3, in URLs and on every file system; `~` stays free for the file driver's own names. */
const SEGMENT = /^[A-Za-z0-9!_.*'()=@+,-]{1,200}$/
const MAX_KEY = 512

/** Largest body put takes unless told otherwise: S3's single-object bound for one request, 5 GiB. */
export const DEFAULT_MAX_BYTES = 5 * 1024 ** 3

/**
 * Gives the key's parts, or throws `bad_key`: one to 512 characters of `A-Za-z0-9!_.*'()=@+,-` in parts of
 * at most 200 joined by single slashes, none of them `.` or `..`. No such key can leave its folder.
 */
export function checkKey(key: string): string[] {
  const segments = key.split('/')
  const isFine = key.length <= MAX_KEY && segments.every((s) => SEGMENT.test(s) && s !== '.' && s !== '..')
  if (!isFine) throw new ObjectStoreError('object_store.bad_key', 'This is not a valid object key.')
  return segments
}

/** Like checkKey for the beginning of a key: empty, or ending anywhere, a slash included. */
export function checkPrefix(prefix: string): { folder: string[]; rest: string } {
  if (prefix === '') return { folder: [], rest: '' }
  const slash = prefix.lastIndexOf('/')
  const folder = slash < 0 ? [] : checkKey(prefix.slice(0, slash))
  const rest = prefix.slice(slash + 1)
  // A lone dot is no key, yet it begins some.
  if (rest !== '' && !/^\.{1,2}$/.test(rest)) checkKey(rest)
  return { folder, rest }
}

/** Checks type, metadata and bound of an upload; throws `bad_input` for what a header could not carry. */
export function checkPutOptions({ contentType, metadata = {}, maxBytes }: PutOptions): void {
  checkContentType(contentType)
  const entries = Object.entries(metadata)
  const size = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  const isFine = entries.every(
    ([name, value]) =>
      /^[a-z0-9][a-z0-9-]{0,39}$/.test(name) && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value),
  )
  if (!isFine || size > 2048) throw badInput('The metadata is not short printable ASCII.')
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= 0))
    throw badInput('maxBytes is not a size.')
}

/** Throws `bad_input` unless this is a media type, parameters allowed. */
export function checkContentType(contentType: string): void {
  const isFine =
    contentType.length <= 200 && /^[\w.+-]+\/[\w.+-]+(; ?[\w-]+=("[\w .+-]*"|[\w.+-]+))*$/.test(contentType)
  if (!isFine) throw badInput('This is not a media type.')
}

/** The page size asked for, or throws `bad_input`. */
export function checkLimit(limit = 100): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw badInput('limit is 1 to 1000.')
  return limit
}

/** Hides the last key of a page in a cursor. */
export function encodeCursor(key: string): string {
  return Buffer.from(key).toString('base64url')
}

/** The key a cursor stands for, or throws `bad_cursor`. */
export function decodeCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8')
  try {
    checkKey(key)
    return key
  } catch (error) {
    throw new ObjectStoreError('object_store.bad_cursor', 'This cursor is not one this store gave.', error)
  }
}

/** RFC 6266: always an attachment, so that a stored page never runs in the site's own origin. */
export function attachmentHeader(key: string, downloadName = key.slice(key.lastIndexOf('/') + 1)): string {
  // Cut first: a cut through a surrogate pair leaves half of it, which the pattern then takes out.
  const name = downloadName.slice(0, 150).replace(/[\p{Cc}\p{Cf}\p{Cs}/\\]/gu, '_')
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["%]/g, '_')
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}

/** The error for an argument no driver takes. */
export function badInput(message: string): ObjectStoreError {
  return new ObjectStoreError('object_store.bad_input', message)
}
