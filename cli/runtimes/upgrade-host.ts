import type { LockedRelease } from '../deployment/lock-file.js'
import type { Release } from '../release/release.js'
import type { ClusterHost } from './cluster-move.js'
import type { Progress, ProgressStep } from './runtime.js'

/** A version of the server that is on this host, ready to be started. */
export interface ServerVersion {
  release: Release
  /** Names of all migrations it brings, oldest first. */
  migrations: string[]
  /** What lock.json says while the deployment runs it. */
  locked: LockedRelease
  /** Image or folder, for people. */
  name: string
}

/** A file system that an upgrade writes to. */
export interface DiskPlace {
  place: string
  free: number
}

/** What the database says of itself. */
export interface DatabaseFacts {
  /** Applied migrations, oldest first. */
  migrations: string[]
  /** `17` */
  postgres: number
  /** Bytes that the database takes. */
  bytes: number
  /** Rows inserted, changed and deleted since the database was made, or the count of them began anew. */
  writes: number
  /** When it began anew, as after a crash; null where it never did. */
  counted_since: string | null
}

/** What was asked of the databases of a deployment. Each is safe to repeat after it was cut short anywhere. */
export type DatabaseStep =
  /** Makes NEXT, a copy of the database. */
  | { verb: 'copy'; next: string }
  /** Puts NEXT in the place of the database, which is called BEFORE from then on. */
  | { verb: 'swap'; next: string; before: string }
  /** Puts BEFORE in its place again where it is there, and drops what was in it, and NEXT. */
  | { verb: 'swap-back'; next: string; before: string }
  /** Drops a database that is not in use. */
  | { verb: 'drop'; name: string }

/** What a runtime does for an upgrade. Everything may be repeated. */
export interface UpgradeHost {
  /** The version that the deployment runs, or ran last; undefined where it never ran. */
  current(): Promise<ServerVersion | undefined>
  /** A version that is on this host, by what lock.json or upgrade.json says of it. */
  known(release: LockedRelease): Promise<ServerVersion>
  /**
   * Brings a version and everything else it needs to this host: the one that is named, else what vetrai.yml and this command
   * line want. What runs is not touched.
   */
  provide(to: string | undefined, step: ProgressStep): Promise<ServerVersion>
  /** As `provide`, but brings nothing: undefined where the version is not here yet. */
  peek(to: string | undefined): Promise<{ name: string; version: ServerVersion | undefined }>
  /** Asks the running database, by the programs of a version. */
  facts(version: ServerVersion): Promise<DatabaseFacts>
  /** Bytes of the objects that are kept beside the database. */
  objectBytes(): Promise<number>
  /** Where data and images go. */
  places(): Promise<DiskPlace[]>
  /** Keeps some bytes back where the database writes, so that there is room to go back when it is full. */
  reserve(): Promise<void>
  /** Gives them back. */
  release(): Promise<void>
  /** Applies the migrations of a version in a process of its own: to the database, or to a copy of it. */
  migrate(version: ServerVersion, copy?: string): Promise<{ applied: string[] }>
  /** Copies and exchanges databases by the programs of a version, while the stores run alone. */
  database(version: ServerVersion, step: DatabaseStep): Promise<void>
  /**
   * Puts the database, or a copy of it, on trial: whatever serves it, nobody writes to it, operators neither, since it may yet
   * give way. Tells whether the installation rested when it was copied.
   */
  putOnTrial(version: ServerVersion, copy?: string): Promise<{ rested: boolean }>
  /** Ends the trial of what is the database now, which goes on to rest. */
  endTrial(version: ServerVersion): Promise<void>
  /** Starts a version beside the one that serves and waits until it is ready; then it is stopped, or helps until `up` is over. */
  trial?(version: ServerVersion, withinS: number): Promise<void>
  /** Has the deployment run a version from the next `up` on. */
  choose(version: LockedRelease): Promise<void>
  /** Brings up what was chosen, and gives up after `withinS` seconds without it being ready. */
  start(withinS: number, progress: Progress): Promise<void>
  /** Ends what an interrupted upgrade may have left running. */
  clear(): Promise<void>
  /** Moves the built-in database to another major; undefined where this runtime cannot. */
  readonly clusters?: ClusterHost
  /** Whether requests that come while one server takes the place of another wait for it. */
  readonly holdsRequests: boolean
  /** Whether an upgrade may begin from a deployment that is down: it then works on the data alone. */
  readonly beginsAtRest: boolean
  /** Whether a version that runs can be had again by itself, and else by which command; where this is left out it can. */
  wayBack?(version: ServerVersion): Promise<{ automatic: boolean; command: string | null }>
}
