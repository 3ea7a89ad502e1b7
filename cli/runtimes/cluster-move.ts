import type { ProgressStep } from './runtime.js'

/** A PostgreSQL cluster: its major, the volume that holds it, and the image that runs it. */
export interface ClusterPlace {
  major: number
  volume: string
  image: { ref: string; usual: string }
}

/** The way of the built-in database to another major: into a new volume, the one before kept. */
export interface ClusterMove {
  from: ClusterPlace
  to: ClusterPlace
}

/** What was copied. */
export interface CopiedCluster {
  databases: number
  tables: number
  rows: number
}

/** What a runtime does to move its database to another major. Everything may be repeated. */
export interface ClusterHost {
  /**
   * The move that the wanted image asks for; undefined where that runs the data as it is. CliError where it is not here yet, or
   * could not take the data: an older major, or one without pgvector.
   */
  wanted(): Promise<ClusterMove | undefined>
  /** Has the data stay with its image, whatever is wanted. */
  keep(move: ClusterMove): Promise<void>
  /** Makes the new volume and copies everything into it, while the stores run alone; compares both. */
  fill(move: ClusterMove, step: ProgressStep): Promise<CopiedCluster>
  /** Stops the database and puts the new volume and image in its place, for the next start. */
  switchOver(move: ClusterMove): Promise<void>
  /** Puts the volume and image before in their place, for the next start, and removes the new volume. */
  switchBack(move: ClusterMove): Promise<void>
  /** Whether the new volume is in use, and the one before still there. */
  isKept(move: ClusterMove): Promise<boolean>
}
