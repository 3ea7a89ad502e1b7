import type { After } from './move-state.js'

/** What a move did. */
export interface MoveResult {
  name: string
  /** `archived`: into a file, and closed until `--done` or `--cancel`. */
  phase: 'moved' | 'archived' | 'cancelled'
  /** The other host; null by archive. */
  to: string | null
  /** The archive; null by ssh. */
  file: string | null
  /** Directory, URL and rows of the deployment there; null where they are not known. */
  dir: string | null
  url: string | null
  rows: number | null
  /** The backup that holds everything. */
  backup: string | null
  /** What became of the deployment here. */
  after: After
  /** A folder on the other host that could not be removed; null where nothing stayed. */
  left_on_host: string | null
  /** Directory of the deployment here, which keeps its data. */
  old_dir: string
  /** Whether there is a recovery key, which opens the archive. */
  recovery_key: boolean
}
