import type { Readable } from 'node:stream'
import type pg from 'pg'
import { BackupError } from '../backup-error.js'
import type { DatabaseManifest, Part } from '../manifest.js'
import { copyOut } from './copy-out.js'
import type { TableDescription } from './describe-database.js'
import { closeClient } from './open-client.js'
import type { Snapshot } from './open-snapshot.js'
import { Pace } from './pace.js'
import { type OnProgress, Progress } from './progress.js'
import { runWorkers } from './run-workers.js'

export interface DumpOptions {
  snapshot: Snapshot
  /** Connections that read at the same time. */
  jobs?: number
  /** About as many bytes of a table's rows go into one part. */
  partBytes?: number
  /** Share of the time in which each job has PostgreSQL read, above 0 to 1; less of it leaves more to those who write meanwhile. */
  share?: number
  /** Stores one part. `name` is `data/<table>.<nnnn>`; what is stored may have a longer one. */
  writePart: (name: string, body: Readable) => Promise<Part>
  onProgress?: OnProgress
  signal?: AbortSignal
}

const PART_BYTES = 128 * 1024 * 1024

/**
 * Writes every row that the snapshot sees, in binary COPY streams, large tables in several. A table is one job's. Holds no lock above
 * ACCESS SHARE and some megabytes of memory a job. Where anything fails all stops, and the error says what to do.
 */
export async function dumpDatabase(options: DumpOptions): Promise<DatabaseManifest> {
  const { snapshot, jobs = 2, partBytes = PART_BYTES, share = 1 } = options
  const described = await snapshot.describe()
  // What takes longest does not begin last.
  const queue = [...described.tables].sort((a, b) => b.bytes - a.bytes)
  const progress = new Progress(
    queue.reduce((sum, table) => sum + table.bytes, 0),
    options.onProgress,
  )
  const parts = new Map<string, DumpedPart[]>()
  await runWorkers({
    workers: Math.max(1, Math.min(jobs, queue.length)),
    doing: 'the database could not be read',
    signals: [snapshot.lost, options.signal],
    open: () => snapshot.join(),
    work: async (client, stop) => {
      const pace = new Pace(share, stop)
      for (let table = queue.shift(); table && !stop.aborted; table = queue.shift())
        parts.set(table.name, await dumpTable(client, table, { ...options, partBytes, progress, pace }))
    },
    close: closeClient,
  })
  const tables = described.tables.map(({ name, columns }) => {
    const own = parts.get(name) ?? []
    return { name, columns, rows: own.reduce((sum, { rows }) => sum + rows, 0), parts: own }
  })
  return { ...described, tables }
}

type DumpedPart = Part & { rows: number }

interface TableOptions extends Pick<DumpOptions, 'writePart'> {
  partBytes: number
  progress: Progress
  pace: Pace
}

async function dumpTable(
  client: pg.Client,
  table: TableDescription,
  { writePart, partBytes, progress, pace }: TableOptions,
): Promise<DumpedPart[]> {
  const onBytes = (bytes: number) => progress.read(table.name, bytes)
  const copy = copyOut(client, table, { partBytes, onBytes, pace })
  const parts: DumpedPart[] = []
  try {
    for await (const part of copy.parts) {
      const name = `data/${table.name}.${String(parts.length + 1).padStart(4, '0')}`
      const stored = await writePart(name, part.body)
      if (!part.body.readableEnded) throw cutShort(name)
      parts.push({ ...stored, rows: part.rows })
      progress.finished(table.name, part.rows)
    }
    if (parts.reduce((sum, { rows }) => sum + rows, 0) !== (await copy.rows())) throw cutShort(table.name)
    return parts
  } catch (error) {
    copy.stop()
    // Where PostgreSQL ended the stream, the target only says that it broke off.
    throw copy.failure ?? error
  }
}

function cutShort(name: string): BackupError {
  return new BackupError({
    code: 'part_cut',
    message: `${name} was stored before it was read to its end`,
    next: 'Run the command again; if it happens again, report it.',
  })
}
