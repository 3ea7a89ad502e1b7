import { randomBytes } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { ObjectStoreError } from './errors.js'
import { checkKey } from './keys.js'

/*
 * <root>/objects/<folder>/…/<name>~meta       JSON: what is known of the object, and which data file holds it
 * <root>/objects/<folder>/…/<name>~<12 hex>   the bytes
 * <root>/tmp/                                 uploads under way
 *
 * Keys hold no `~`, so `a` and `a/b` can both be objects. The rename of the meta file is the commit.
 */

const metaSchema = z.object({
  data: z.string().regex(/^[0-9a-f]{12}$/),
  size: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  contentType: z.string(),
  metadata: z.record(z.string(), z.string()),
  modifiedAt: z.iso.datetime(),
})

/** The sidecar of one object. */
export type FileMeta = z.infer<typeof metaSchema>

/** Paths of one object; `key` must have passed checkKey. */
export interface ObjectPaths {
  readonly folder: string
  readonly meta: string
  data(id: string): string
}

/** Where the object of this key is kept; throws `bad_key` for anything that is no key. */
export function pathsOf(root: string, key: string): ObjectPaths {
  const segments = checkKey(key)
  const folder = join(root, 'objects', ...segments.slice(0, -1))
  const name = segments.at(-1) ?? ''
  return { folder, meta: join(folder, `${name}~meta`), data: (id) => join(folder, `${name}~${id}`) }
}

/** A fresh name for a data or temporary file. */
export function freshId(): string {
  return randomBytes(6).toString('hex')
}

/** The sidecar, or undefined when there is none; throws `damaged` when it cannot be read as one. */
export async function readMeta(path: string): Promise<FileMeta | undefined> {
  const text = await readFile(path, 'utf8').catch(ignoreMissing)
  if (text === undefined) return undefined
  try {
    return metaSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new ObjectStoreError('object_store.damaged', 'The record of an object cannot be read.', error)
  }
}

/** Moves a finished file to its place, making the folder; a folder that vanishes meanwhile is made again. */
export async function moveIntoPlace(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(to), { recursive: true, mode: 0o700 })
      return await rename(from, to)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === 5) throw error
    }
  }
}

/** Flushes a folder's entries, so that a rename in it outlives a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY).catch(ignoreMissing)
  try {
    await folder?.sync()
  } finally {
    await folder?.close()
  }
}

/** Removes the folder and its parents up to `objects` as long as they are empty. */
export async function pruneFolders(root: string, folder: string): Promise<void> {
  const top = join(root, 'objects')
  for (let at = folder; at.startsWith(`${top}/`); at = dirname(at)) {
    try {
      await rmdir(at)
    } catch {
      return
    }
  }
}

/** A folder's entries, or none where it does not exist. */
export async function entriesOf(folder: string): Promise<Dirent[]> {
  return (await readdir(folder, { withFileTypes: true }).catch(ignoreMissing)) ?? []
}

/** The errno code of an error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** For `.catch`: undefined for what does not exist, any other error thrown on. */
export function ignoreMissing(error: unknown): undefined {
  const code = codeOf(error)
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
  return undefined
}
