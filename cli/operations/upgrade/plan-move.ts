import type { ClusterMove } from '../../runtimes/cluster-move.js'

/** How the database would come to another major of PostgreSQL. */
export interface PlannedMove {
  /** The major it would be of. */
  postgres: number
  image: string
  /** The present volume, which stays as it is. */
  kept_volume: string
  /** About how long callers would be told to wait, in seconds. */
  rest_s: number
}

/** A new cluster, and what its log may take while it is filled (max_wal_size). */
export const LOG_BYTES = 2 ** 30
/** Copying, indexes and comparing, on a small host; disks and processors differ widely. */
const BYTES_PER_S = 5 * 2 ** 20
/** Stopping, starting and the checks. */
const AROUND_S = 60

/** What a move would do, for a database of that size. */
export function describeMove({ from, to }: ClusterMove, bytes: number): PlannedMove {
  return {
    postgres: to.major,
    image: to.image.ref,
    kept_volume: from.volume,
    rest_s: Math.ceil(AROUND_S + bytes / BYTES_PER_S),
  }
}

/** The steps of an upgrade that takes the database to another major. */
export function moveSteps({ from, to }: ClusterMove): string[] {
  return [
    'bring every image here',
    'check path, database and disk',
    'make a backup and verify it',
    'let the installation rest and stop the server',
    `copy all of PostgreSQL ${from.major} to PostgreSQL ${to.major} in a new volume, and compare every table`,
    `put PostgreSQL ${to.major} in its place; the volume ${from.volume} is kept`,
    'migrate',
    'start the new server',
    'smoke checks',
    'open to everybody',
    'note the new version',
  ]
}
