import type { Readable } from 'node:stream'
import { Readable as Stream } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { BackupError, missing } from './backup-error.js'
import type { BackupStore } from './stores/backup-store.js'

/** A store in memory, its files there to be looked at and spoiled. */
export interface MemoryStore extends BackupStore {
  readonly files: Map<string, Buffer>
  /** When a file was last written, where that matters. */
  readonly times: Map<string, Date>
}

export function memoryStore(name = 'memory'): MemoryStore {
  const files = new Map<string, Buffer>()
  const times = new Map<string, Date>()
  return {
    name,
    files,
    times,
    put: async (file, body: Readable) => {
      files.set(file, await buffer(body))
      times.set(file, new Date())
    },
    get: async (file) => {
      const bytes = files.get(file)
      if (bytes === undefined) throw missing(name, file)
      return Stream.from(cut(bytes), { objectMode: false })
    },
    size: async (file) => files.get(file)?.length,
    list: async function* (prefix) {
      for (const file of [...files.keys()].sort()) {
        if (!file.startsWith(prefix)) continue
        yield { name: file, size: files.get(file)?.length ?? 0, modifiedAt: times.get(file) ?? new Date() }
      }
    },
    delete: async (file) => {
      files.delete(file)
    },
    free: async () => undefined,
    close: async () => {},
  }
}

/** The BackupError that a promise fails with; anything else fails the test. */
export async function refusal(promise: Promise<unknown>): Promise<BackupError> {
  const error = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  if (!(error instanceof BackupError)) throw new Error(`no BackupError: ${String(error)}`, { cause: error })
  if (error.next === '') throw new Error(`${error.code} does not say what to do`)
  return error
}

async function* cut(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 40_000) yield bytes.subarray(at, at + 40_000)
}
