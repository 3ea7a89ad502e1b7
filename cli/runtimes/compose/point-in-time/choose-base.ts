import { CliError } from '../../../deployment/errors.js'
import { type BaseBackup, lsnOf, type WalArchive } from './wal-archive.js'

/** From when to when every time can be restored, in ms since 1970. */
export interface TimeWindow {
  from: number
  to: number
}

/** Where to begin, and along which timeline to go. */
export interface Route {
  base: BaseBackup
  timeline: number
}

/** The times that the archive can bring back; undefined while it has no base backup, or none whose end is archived. */
export function windowOf({ bases, segments }: WalArchive): TimeWindow | undefined {
  const [from, to] = [bases[0]?.stoppedAt, segments.at(-1)?.archivedAt]
  return from === undefined || to === undefined ? undefined : { from, to: Math.max(from, to) }
}

/**
 * Chooses the timeline on which the database lived at a time, and the newest base backup before it that leads there: restores
 * leave one timeline for another, and a backup of a life that was given up leads nowhere else. CliError `time_unreachable`
 * (exit 4) with the times that there are.
 */
export async function chooseRoute(
  archive: WalArchive,
  time: number,
  readHistory: (path: string) => Promise<string>,
): Promise<Route> {
  const window = windowOf(archive)
  // Of two lives only one archives: the segment that came next is of the one that went on at that time.
  // Stores tell whole seconds.
  const timeline = archive.segments.find(({ archivedAt }) => archivedAt + 999 >= time)?.timeline
  if (!window || time < window.from || time > window.to || timeline === undefined)
    throw unreachable(time, window)
  const history = archive.histories.get(timeline)
  const forks = history === undefined ? new Map<number, bigint>() : readForks(await readHistory(history))
  const base = archive.bases.findLast(
    (one) =>
      one.stoppedAt <= time && (one.timeline === timeline || one.stop <= (forks.get(one.timeline) ?? -1n)),
  )
  if (!base) throw unreachable(time, window)
  return { base, timeline }
}

/** Where each ancestor of a timeline was left, as its history file tells. */
function readForks(text: string): Map<number, bigint> {
  const lines = [...text.matchAll(/^(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/gm)]
  return new Map(lines.map(([, timeline, lsn = '']) => [Number(timeline), lsnOf(lsn)]))
}

function unreachable(time: number, window: TimeWindow | undefined): CliError {
  const [wanted, from, to] = [time, window?.from, window?.to].map((at) => new Date(at ?? 0).toISOString())
  return new CliError({
    code: 'time_unreachable',
    message: window
      ? `${wanted} cannot be restored: the archive reaches from ${from} to ${to}.`
      : `${wanted} cannot be restored: there is no base backup yet.`,
    next: window ? 'Name a time between those.' : 'One is made by itself; see: vetrai backup window',
    exitCode: 4,
  })
}
