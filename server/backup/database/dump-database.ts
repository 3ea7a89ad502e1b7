import type { Readable } from 'node:stream'
import type pg from 'pg'
import { BackupError } from '../backup-error.js'
import type { DatabaseManifest, Part } from '../manifest.js'
import { copyOut } from './copy-out.js'
import { closeClient } from './open-client.js'
import type { Snapshot } from './open-snapshot.js'
import { type DumpTask, planDump } from './plan-dump.js'
import { type OnProgress, Progress } from './progress.js'
import { runWorkers } from './run-workers.js'

export interface DumpOptions {
  snapshot: Snapshot
  /** Connections that read at the same time. */
  jobs?: number
  /** About as many bytes of a table's pages go into one part. */
  partBytes?: number
  /** Share of the time in which each job reads, above 0 to 1; less of it leaves more to those who write meanwhile. */
  share?: number
  /** Stores one part. `name` is `data/<table>.<nnnn>`; what is stored may have a longer one. */
  writePart: (name: string, body: Readable) => Promise<Part>
  onProgress?: OnProgress
  signal?: AbortSignal
}

const PART_BYTES = 128 * 1024 * 1024

/**
 * Writes every row that the snapshot sees, in binary COPY streams, large tables in several. Holds no lock above
 * ACCESS SHARE and some megabytes of memory a job. Where anything fails all stops, and the error says what to do.
 */
export async function dumpDatabase(options: DumpOptions): Promise<DatabaseManifest> {
  const { snapshot, jobs = 2, partBytes = PART_BYTES } = options
  const described = await snapshot.describe()
  const tasks = planDump(described.tables, partBytes)
  const progress = new Progress(
    described.tables.reduce((sum, table) => sum + table.bytes, 0),
    options.onProgress,
  )
  const parts = new Map<DumpTask, Part & { rows: number }>()
  const queue = [...tasks]
  await runWorkers({
    workers: Math.max(1, Math.min(jobs, tasks.length)),
    doing: 'the database could not be read',
    signals: [snapshot.lost, options.signal],
    open: () => snapshot.join(),
    work: async (client, stop) => {
      for (let task = queue.shift(); task && !stop.aborted; task = queue.shift())
        parts.set(task, await dumpPart(client, task, options, progress))
    },
    close: closeClient,
  })
  const tables = described.tables.map(({ name, columns }) => {
    const own = tasks.filter((task) => task.table === name).flatMap((task) => parts.get(task) ?? [])
    return { name, columns, rows: own.reduce((sum, { rows }) => sum + rows, 0), parts: own }
  })
  return { ...described, tables }
}

async function dumpPart(
  client: pg.Client,
  task: DumpTask,
  { writePart, share = 1 }: DumpOptions,
  progress: Progress,
): Promise<Part & { rows: number }> {
  const copy = copyOut(client, task.sql, {
    onBytes: (bytes) => progress.read(task.table, bytes),
    share,
  })
  // Settled before it is awaited where the target fails first; that error is the one to tell.
  copy.rows.catch(() => undefined)
  try {
    const part = await writePart(task.name, copy.body)
    if (!copy.body.readableEnded)
      throw new BackupError({
        code: 'part_cut',
        message: `${task.name} was stored before it was read to its end`,
        next: 'Run the command again; if it happens again, report it.',
      })
    const rows = await copy.rows
    progress.finished(task.table, rows)
    return { ...part, rows }
  } catch (error) {
    copy.body.destroy()
    // Where PostgreSQL ended the stream, the target only says that it broke off.
    throw copy.failure ?? error
  }
}
