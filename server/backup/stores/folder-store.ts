import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { codeOf, ignoreMissing, syncFolder } from '../../storage/object-store/file-layout.js'
import { SourceFailure } from '../../storage/object-store/s3-upload.js'
import { BackupError, missing } from '../backup-error.js'
import { partName } from '../manifest.js'
import type { BackupStore, StoredFile } from './backup-store.js'
import { checkName, checkPrefix } from './store-names.js'

/** Files under way; no name of a file of a backup begins with a dot. */
const TEMPORARY = '.tmp'
const DAY_MS = 86_400_000

/**
 * Backups in a folder, which is made (0700). Survives a crash at any point: a file is flushed before it gets its name.
 * Follows no symbolic link below the folder, and clears what was left under way for a day.
 */
export async function openFolderStore({
  name,
  folder,
}: {
  name: string
  folder: string
}): Promise<BackupStore> {
  const guarded = <T>(work: () => Promise<T>) => guard(name, work)
  const root = await guarded(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return realpath(folder)
  })
  // A folder that may only be read is one to restore from.
  await removeLeftovers(join(root, TEMPORARY)).catch(() => {})

  return {
    name,
    put: (file, body) => guarded(() => put(root, file, body)),
    get: (file) => guarded(async () => (await openFile(root, name, file)).body),
    size: (file) => guarded(async () => (await find(root, file))?.size),
    list: (prefix) => list(root, prefix, guarded),
    delete: (file) => guarded(() => remove(root, file)),
    free: () =>
      guarded(async () => {
        const { bavail, bsize } = await statfs(root)
        return bavail * bsize
      }),
    close: async () => {},
  }
}

async function put(root: string, name: string, body: Readable): Promise<void> {
  try {
    checkName(name)
    const temporary = join(root, TEMPORARY, `${Date.now()}-${randomBytes(6).toString('hex')}`)
    await makeFolder(root, `${TEMPORARY}/x`)
    try {
      await write(temporary, body)
      await moveIntoPlace(root, temporary, name)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
  } finally {
    body.destroy()
  }
}

async function write(path: string, body: Readable): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const piece of ownErrors(body)) await file.writeFile(piece)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Errors of the source, told apart from those of the disk. */
async function* ownErrors(body: Readable): AsyncGenerator<Buffer> {
  const pieces = body[Symbol.asyncIterator]()
  for (;;) {
    const piece = await pieces.next().catch((error: unknown) => {
      throw new SourceFailure(error)
    })
    if (piece.done) return
    yield typeof piece.value === 'string' ? Buffer.from(piece.value) : piece.value
  }
}

/** Pruning may remove an empty folder between its making and the move. */
async function moveIntoPlace(root: string, from: string, name: string): Promise<void> {
  const to = join(root, name)
  for (let attempt = 1; ; attempt += 1) {
    const made = await makeFolder(root, name)
    try {
      await rename(from, to)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === 5) throw error
      continue
    }
    await syncFolder(dirname(to))
    for (const folder of made) await syncFolder(dirname(folder))
    return
  }
}

/** Makes the folders of a name one by one, so that none is made behind a link; gives those that are new. */
async function makeFolder(root: string, name: string): Promise<string[]> {
  const made: string[] = []
  let at = root
  for (const segment of name.split('/').slice(0, -1)) {
    at = join(at, segment)
    const found = await lstat(at).catch(ignoreMissing)
    if (found !== undefined && !found.isDirectory()) throw notOurs(name)
    if (found !== undefined) continue
    await mkdir(at, { mode: 0o700 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
    made.push(at)
  }
  return made
}

async function openFile(root: string, store: string, name: string): Promise<{ body: Readable }> {
  if ((await find(root, name)) === undefined) throw missing(store, name)
  const file = await open(join(root, name), constants.O_RDONLY | constants.O_NOFOLLOW)
  return { body: file.createReadStream({ highWaterMark: 1024 * 1024 }) }
}

/** What stands under a name: a regular file behind plain folders, or nothing. */
async function find(root: string, name: string): Promise<Stats | undefined> {
  checkName(name)
  let at = root
  const segments = name.split('/')
  for (const [depth, segment] of segments.entries()) {
    at = join(at, segment)
    const found = await lstat(at).catch(ignoreMissing)
    if (found === undefined) return undefined
    if (depth === segments.length - 1) {
      if (!found.isFile()) throw notOurs(name)
      return found
    }
    if (!found.isDirectory()) throw notOurs(name)
  }
  return undefined
}

async function* list(
  root: string,
  prefix: string,
  guarded: <T>(work: () => Promise<T>) => Promise<T>,
): AsyncGenerator<StoredFile> {
  checkPrefix(prefix)
  yield* walk('')

  async function* walk(base: string): AsyncGenerator<StoredFile> {
    const entries = await guarded(
      async () => (await readdir(join(root, base), { withFileTypes: true }).catch(ignoreMissing)) ?? [],
    )
    // With the slash kept, a folder sorts exactly where its names do. Names are ASCII: code units are bytes.
    const names = entries
      .filter((entry) => entry.isDirectory() || entry.isFile())
      .map((entry) => `${base}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort((a, b) => (a < b ? -1 : 1))
    for (const name of names) {
      if (!name.startsWith(prefix) && !(name.endsWith('/') && prefix.startsWith(name))) continue
      if (!partName.safeParse(name.replace(/\/$/, '')).success) continue
      if (name.endsWith('/')) {
        yield* walk(name)
        continue
      }
      const found = await guarded(() => lstat(join(root, name)).catch(ignoreMissing))
      if (found?.isFile()) yield { name, size: found.size, modifiedAt: found.mtime }
    }
  }
}

async function remove(root: string, name: string): Promise<void> {
  if ((await find(root, name)) === undefined) return
  await rm(join(root, name), { force: true })
  let folder = dirname(join(root, name))
  await syncFolder(folder)
  for (; folder !== root; folder = dirname(folder)) {
    const isGone = await rmdir(folder).then(
      () => true,
      () => false,
    )
    if (!isGone) return
  }
}

async function removeLeftovers(folder: string): Promise<void> {
  if (!(await lstat(folder).catch(ignoreMissing))?.isDirectory()) return
  for (const name of await readdir(folder)) {
    const found = await lstat(join(folder, name)).catch(ignoreMissing)
    if (found !== undefined && Date.now() - found.mtimeMs > DAY_MS)
      await rm(join(folder, name), { force: true })
  }
}

/** Errors of the disk leave as a BackupError that says what to do; those of the caller's own stream pass. */
async function guard<T>(store: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SourceFailure) throw error.error
    const { code, syscall } = error as { code?: unknown; syscall?: unknown }
    const isDisk = typeof code === 'string' && typeof syscall === 'string'
    if (!isDisk || error instanceof BackupError) throw error
    throw code === 'ENOSPC' || code === 'EDQUOT' ? noSpace(store, error) : unusable(store, code, error)
  }
}

function noSpace(store: string, cause: unknown): BackupError {
  return new BackupError({
    code: 'no_space',
    message: `There is no room left in ${store}.`,
    next: 'Free space on that disk, keep fewer backups (`vetrai backup prune`), or name another folder.',
    cause,
  })
}

function unusable(store: string, code: string, cause: unknown): BackupError {
  return new BackupError({
    code: 'store_unavailable',
    message: `The folder of ${store} cannot be used (${code}).`,
    next: 'See that its disk is mounted and that the user VetrAI runs as may read and write there.',
    cause,
  })
}

function notOurs(name: string): BackupError {
  return new BackupError({
    code: 'not_a_file',
    message: `${name} or a folder above it is a link or something else that VetrAI did not make.`,
    next: 'Nothing was read or written behind it. Remove it, or name another folder for backups.',
  })
}
