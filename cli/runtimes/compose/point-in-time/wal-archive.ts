/** A base backup of the repository. Times are ms since 1970. */
export interface BaseBackup {
  label: string
  type: 'full' | 'diff' | 'incr'
  startedAt: number
  stoppedAt: number
  timeline: number
  /** Where in the WAL it is whole. */
  stop: bigint
  /** Of the database, in bytes. */
  size: number
}

/** A WAL segment of the repository. */
export interface ArchivedSegment {
  timeline: number
  archivedAt: number
}

/** What a repository holds of the present cluster: everything that going back to a time is worked out from. */
export interface WalArchive {
  /** Oldest first. */
  bases: BaseBackup[]
  /** In the order in which they were archived. */
  segments: ArchivedSegment[]
  /** Files that say where a timeline left another, by timeline. */
  histories: Map<number, string>
}

interface Info {
  db?: { id: number }[]
  archive?: { id: string; database: { id: number } }[]
  backup?: {
    label: string
    type: BaseBackup['type']
    error?: boolean
    timestamp: { start: number; stop: number }
    archive: { start: string }
    lsn: { stop: string }
    database: { id: number }
    info: { size: number }
  }[]
}

const SEGMENT = /^[0-9A-F]{16}\/([0-9A-F]{8})[0-9A-F]{16}-[0-9a-f]{40}/
const HISTORY = /^([0-9A-F]{8})\.history$/

/** Reads what `wal.sh list` printed: what pgBackRest says of the repository, and the names of the archive's files. */
export function readArchive(text: string): WalArchive {
  const [info = '', files = ''] = text.trim().split('\n')
  const [stanza] = JSON.parse(info) as Info[]
  const archive: WalArchive = { bases: [], segments: [], histories: new Map() }
  const present = Math.max(0, ...(stanza?.db ?? []).map(({ id }) => id))
  const folder = stanza?.archive?.find(({ database }) => database.id === present)?.id
  archive.bases = (stanza?.backup ?? [])
    .filter(({ database }) => database.id === present)
    .map(({ label, type, timestamp, archive: { start }, lsn, info: { size } }) => ({
      label,
      type,
      startedAt: timestamp.start * 1_000,
      stoppedAt: timestamp.stop * 1_000,
      timeline: timelineOf(start),
      stop: lsnOf(lsn.stop),
      size,
    }))
    .sort((a, b) => a.stoppedAt - b.stoppedAt)
  const entries = JSON.parse(files || '{}') as Record<string, { type: string; time?: number }>
  for (const [path, { time = 0 }] of Object.entries(entries)) {
    if (!folder || !path.startsWith(`${folder}/`)) continue
    const name = path.slice(folder.length + 1)
    const segment = SEGMENT.exec(name)?.[1]
    const history = HISTORY.exec(name)?.[1]
    if (segment) archive.segments.push({ timeline: timelineOf(segment), archivedAt: time * 1_000 })
    if (history) archive.histories.set(timelineOf(history), path)
  }
  archive.segments.sort((a, b) => a.archivedAt - b.archivedAt)
  return archive
}

/** First half of a place in the WAL and its second: `0/3000028`. */
export function lsnOf(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

function timelineOf(name: string): number {
  return Number.parseInt(name.slice(0, 8), 16)
}
