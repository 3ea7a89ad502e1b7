/**
 * What the command line asks of the program that makes and reads backups (`Runtime.tool`), and what that answers: one JSON
 * document each. A backup is named by its id or, downloaded, by its file.
 */

/** Keys for a backup that the deployment's own key does not open. They travel on standard input only. */
export interface Keys {
  /** age identities, such as the recovery key. */
  identities?: string[]
  passphrase?: string
}

/** A backup in the targets, looked for in all of them unless one is named; or one in a file of this host. */
export type BackupSource = { id: string; target?: string } | { file: string }

export type BackupReason = 'manual' | 'schedule' | 'before-restore' | 'before-upgrade' | 'before-move'

export interface CreateRequest {
  /** Names of targets; null for all. */
  targets: string[] | null
  reason: BackupReason
  /** Sealed by it instead of for recipients. */
  passphrase?: string
  objects: boolean
  throttle_mb_s?: number
  jobs?: number
}

export interface CreateResult {
  id: string
  created_at: string
  targets: string[]
  /** Stored, in one target: what it took there beyond what earlier backups had stored. */
  bytes: number
  /** Once decrypted and decompressed. */
  plain_bytes: number
  rows: number
  tables: number
  objects: number
  /** Objects that no earlier backup had stored. */
  objects_new: number
  objects_new_bytes: number
  duration_s: number
}

export interface ListRequest {
  /** Names of targets; null for all. */
  targets: string[] | null
}

/** One backup, wherever it is. */
export interface BackupSummary {
  id: string
  created_at: string
  reason: BackupReason
  /** Targets that hold it whole. */
  targets: string[]
  /** Version of VetrAI that made it. */
  version: string
  encryption: 'age' | 'none'
  /** Of its own files as stored; objects that backups share are left out. */
  bytes: number
  plain_bytes: number
  rows: number
  tables: number
  /** Null where they were left out. */
  objects: number | null
  /** When it was last seen to be whole, or restored to a database of its own; null where it never was. */
  verified_at: string | null
}

/** Something in a target that cannot be used, or a target that cannot be asked. */
export interface BackupProblem {
  target: string
  /** Null where the target itself is meant. */
  id: string | null
  code: string
  message: string
  next: string
}

export interface ListResult {
  /** Newest first. */
  backups: BackupSummary[]
  problems: BackupProblem[]
}

export type InfoRequest = BackupSource & Keys

export interface InfoResult extends BackupSummary {
  finished_at: string
  deployment: { id: string; name: string; runtime: string }
  database: {
    server_version: string
    schema_version: string
    migrations: number
    extensions: { name: string; version: string }[]
    /** By name. */
    tables: { name: string; rows: number; bytes: number }[]
  }
  object_bytes: number | null
  /** Whether configuration and secrets are in it. */
  kit: boolean
}

export type VerifyRequest = BackupSource & Keys

/** One file of a backup that is not as it was written. */
export interface DamagedPart {
  name: string
  problem: string
}

export interface VerifyResult {
  id: string
  /** Null for a file. */
  target: string | null
  ok: boolean
  parts: number
  objects: number
  bytes: number
  /** Whether it was opened too: without a key only what is stored can be held against its hash. */
  opened: boolean
  damaged: DamagedPart[]
  duration_s: number
}

export type DrillRequest = Keys & {
  /** Null for the newest. */
  id: string | null
  target?: string
}

export interface DrillResult {
  id: string
  target: string
  ok: boolean
  tables: number
  rows: number
  /** Tables whose rows or checksums are others than in the backup. */
  mismatches: { table: string; problem: string }[]
  /** What was read from a server that ran on the restored database. */
  checks: { name: string; ok: boolean; detail: string }[]
  /** Seconds from nothing to a server that answers: what a recovery takes. */
  recovery_s: number
  duration_s: number
}

export interface PruneRequest {
  targets: string[] | null
  dry_run: boolean
}

export interface PruneResult {
  dry_run: boolean
  removed: { id: string; target: string; created_at: string | null; bytes: number }[]
  /** By which rules each of the others stays: last, daily, weekly, monthly, newest-verified … */
  kept: { id: string; target: string; created_at: string | null; reasons: string[] }[]
  /** Stored objects that no backup names any more. */
  objects_removed: number
  bytes_freed: number
}

export interface CopyRequest extends Keys {
  id: string
  from: string
  to: string
}

export interface CopyResult {
  id: string
  from: string
  to: string
  bytes: number
  objects: number
  /** Files that the other target lacked: the backup's own, and objects. */
  files_copied: number
  duration_s: number
}

/** Answered with the bytes of the archive instead of a document. */
export interface DownloadRequest extends Keys {
  id: string
  target?: string
}

export interface CheckTargetRequest {
  targets: string[] | null
}

export interface TargetState {
  name: string
  /** Folder or bucket, for people. */
  place: string
  reachable: boolean
  writable: boolean
  /** Null where nobody can tell, as in S3. */
  free_bytes: number | null
  backups: number
  newest: { id: string; created_at: string; bytes: number } | null
  /** What is wrong and what to do; null where nothing is. */
  problem: { code: string; message: string; next: string } | null
}

export interface CheckTargetResult {
  targets: TargetState[]
}
