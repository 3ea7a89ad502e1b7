import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { BackupError, missing } from '../backup-error.js'
import type { BackupStore, StoredFile } from './backup-store.js'
import { checkPrefix } from './store-names.js'
import { BLOCK, blocksOf, decodeHeader } from './tar-header.js'

/** The names there can be in an archive: links, folders and whatever else leave nothing to look at. */
const NAME =
  /^(backups\/\d{8}T\d{6}Z-[0-9a-f]{6}(\/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,2}|objects\/[0-9a-f]{2}\/[0-9a-f]{64}\.zst(\.age)?)$/
const MAX_NAME = 200
const MAX_FILES = 5_000_000
/** Zeros that tar programs put after the end, at most. */
const MAX_PADDING = 1024 * 1024
/** Headers lie far apart, or close together where objects are small. */
const READ_AHEAD = 64 * 1024

interface Place {
  readonly at: number
  readonly size: number
}

/**
 * Opens a downloaded backup to be read like any other store. Nothing is unpacked: files are read where they lie. Throws
 * `not_an_archive` or `damaged` for a file that is not exactly what writeArchive writes.
 */
export async function openArchive(path: string): Promise<BackupStore> {
  const name = basename(path)
  const file = await open(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  try {
    const places = await scan(name, file)
    return archiveStore(name, file, places, (await file.stat()).mtime)
  } catch (error) {
    await file.close()
    throw error instanceof BackupError ? error : unreadable(path, error)
  }
}

function archiveStore(
  name: string,
  file: FileHandle,
  places: ReadonlyMap<string, Place>,
  modifiedAt: Date,
): BackupStore {
  const names = [...places.keys()].sort()
  return {
    name,
    put: async (_, body) => {
      body.destroy()
      throw readOnly(name)
    },
    get: async (wanted) => {
      const place = places.get(wanted)
      if (place === undefined) throw missing(name, wanted)
      return Readable.from(readFrom(file, place), { objectMode: false })
    },
    size: async (wanted) => places.get(wanted)?.size,
    list: async function* (prefix): AsyncGenerator<StoredFile> {
      checkPrefix(prefix)
      for (const each of names) {
        if (each.startsWith(prefix)) yield { name: each, size: places.get(each)?.size ?? 0, modifiedAt }
      }
    },
    delete: async () => {
      throw readOnly(name)
    },
    free: async () => undefined,
    close: () => file.close(),
  }
}

async function* readFrom(file: FileHandle, { at, size }: Place): AsyncGenerator<Buffer> {
  for (let done = 0; done < size; ) {
    const piece = Buffer.allocUnsafe(Math.min(1024 * 1024, size - done))
    const { bytesRead } = await file.read(piece, 0, piece.length, at + done)
    if (bytesRead === 0) return
    yield piece.subarray(0, bytesRead)
    done += bytesRead
  }
}

async function scan(name: string, file: FileHandle): Promise<Map<string, Place>> {
  const stat = await file.stat()
  if (!stat.isFile()) throw notArchive(name, 'it is not a file')
  const blocks = new BlockReader(file)
  const places = new Map<string, Place>()
  for (let at = 0; ; ) {
    const block = await blocks.read(at)
    if (block.length < BLOCK) throw at === 0 ? notArchive(name, 'it is too short') : truncated(name)
    if (isZero(block)) {
      await checkEnd(name, blocks, at, stat.size)
      break
    }
    const header = decodeHeader(block)
    if (header === undefined || header.name.length > MAX_NAME || !NAME.test(header.name))
      throw notArchive(name, `it holds something at byte ${at} that is no file of a backup`)
    if (places.has(header.name)) throw notArchive(name, `it holds ${header.name} twice`)
    if (places.size === MAX_FILES) throw notArchive(name, 'it holds too many files')
    at += BLOCK
    if (at + header.size > stat.size) throw truncated(name)
    places.set(header.name, { at, size: header.size })
    at += blocksOf(header.size)
  }
  if (places.size === 0) throw notArchive(name, 'it is empty')
  return places
}

async function checkEnd(name: string, blocks: BlockReader, from: number, end: number): Promise<void> {
  if (end - from < 2 * BLOCK) throw truncated(name)
  if (end - from > MAX_PADDING) throw notArchive(name, 'it goes on after its end')
  for (let at = from; at < end; at += BLOCK) {
    if (!isZero(await blocks.read(at))) throw notArchive(name, 'it goes on after its end')
  }
}

/** Gives blocks of a file, several of them read at once. */
class BlockReader {
  readonly #file: FileHandle
  readonly #ahead = Buffer.alloc(READ_AHEAD)
  #from = 0
  #length = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** The block at this place, shorter at the end of the file; good until the next call. */
  async read(at: number): Promise<Buffer> {
    if (at < this.#from || at + BLOCK > this.#from + this.#length) {
      this.#from = at
      this.#length = (await this.#file.read(this.#ahead, 0, READ_AHEAD, at)).bytesRead
    }
    return this.#ahead.subarray(at - this.#from, Math.min(at - this.#from + BLOCK, this.#length))
  }
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}

function truncated(name: string): BackupError {
  return new BackupError({
    code: 'truncated',
    message: `${name} is not whole: it was cut off.`,
    next: 'Download or copy it again, and compare the sizes. `vetrai backup download` writes a file that is complete or none.',
  })
}

function notArchive(name: string, what: string): BackupError {
  return new BackupError({
    code: 'not_an_archive',
    message: `${name} is not a backup as \`vetrai backup download\` writes it: ${what}.`,
    next: 'Give the file as it was downloaded, neither unpacked nor packed again; otherwise download it again.',
  })
}

function readOnly(name: string): BackupError {
  return new BackupError({
    code: 'read_only',
    message: `${name} is one archive file, which can only be read.`,
    next: 'Copy the backup to a target first: `vetrai backup copy`.',
  })
}

function unreadable(path: string, cause: unknown): BackupError {
  const code = (cause as { code?: unknown } | null)?.code
  return new BackupError({
    code: 'store_unavailable',
    message: `${path} cannot be read (${typeof code === 'string' ? code : 'unknown'}).`,
    next: 'See that the path is right and that the user VetrAI runs as may read the file.',
    cause,
  })
}
