import type { Deployment } from '../deployment/deployment.js'
import type { SecretName } from '../deployment/secrets.js'
import type { ToolRequest } from './backup-tool.js'
import type { UpgradeHost } from './upgrade-host.js'

/** State of one component as the runtime sees it. `starting` covers "running, not yet healthy". */
export type ComponentState = 'running' | 'starting' | 'stopped' | 'failed'

/** One component of a deployment. The field names are the stable shape of `vetrai status --json`. */
export interface ComponentStatus {
  name: string
  pid: number | null
  state: ComponentState
  version: string | null
  uptime_s: number | null
  memory_bytes: number | null
  last_error: string | null
  /** Share of one processor, where the runtime measures it. */
  cpu_percent?: number
  memory_limit_bytes?: number
  /** `127.0.0.1:8000->8000/tcp` */
  ports?: string[]
  image?: string
  health?: string
}

export interface RuntimeStatus {
  url: string
  version: string
  runtime: string
  ready: boolean
  components: ComponentStatus[]
  /** Where vetrai.yml says something else than what runs; `up` brings them together. */
  drift?: { component: string; detail: string }[]
}

/** Progress of long work: one human sentence a step. `update` says how far it is, `done` or `fail` closes it. */
export interface Progress {
  step(title: string): ProgressStep
}

export interface ProgressStep {
  update(detail: string): void
  done(detail?: string): void
  fail(detail?: string): void
}

/** One thing that `up` would do, and why. */
export interface PlanChange {
  component: string
  action: 'create' | 'recreate' | 'start' | 'stop' | 'remove' | 'migrate' | 'build' | 'pull'
  reasons: string[]
}

/** What `up` would do, in its order; empty where everything runs as described. */
export interface PlanResult {
  changes: PlanChange[]
}

/** Whom a shell of the database speaks as: three roles of VetrAI’s own, and the superuser of PostgreSQL. */
export const DATABASE_ROLES = ['owner', 'app', 'system', 'superuser'] as const
export type DatabaseRole = (typeof DATABASE_ROLES)[number]

export const SHELL_TARGETS = ['db', 'redis', 'server'] as const

/** A shell that somebody wants. */
export interface ShellRequest {
  target: (typeof SHELL_TARGETS)[number]
  /** Counts for `db` only. */
  role: DatabaseRole
  /** Further arguments of psql, redis-cli or the shell. */
  args: string[]
  /** False without a terminal: what is read from standard input, if anything, is a script. */
  interactive: boolean
}

export interface UpResult {
  /** False when everything already ran as described and nothing was touched. */
  changed: boolean
  status: RuntimeStatus
}

/** What the database said to the password in one secret. */
export interface AcceptedSecret {
  /** Name of the secret, never its value. */
  secret: string
  accepted: boolean
  /** Why not, in words without any secret. */
  detail?: string
}

/** The two ends of a rotation, as a store sees them. */
export type SecretPhase = 'admit' | 'retire'

/** Times that the built-in database can be brought back to, and what from. */
export interface RestorableTimes {
  /** Both null while there is no base backup yet. */
  from: string | null
  to: string | null
  base_backups: { label: string; type: string; at: string; size_bytes: number }[]
}

/** What going back to a time did. */
export interface RestoredTo {
  /** The time that was asked for. */
  at: string
  /** When the last transaction that is there was committed; null where none came after the base backup. */
  reached: string | null
  base_backup: string
  volume: string
  /** Volume with the data as it was before. */
  kept_volume: string
}

/** How archiving of the database's changes stands. */
export interface ArchivingState {
  isWell: boolean
  /** In one line: why it is not, or when it last archived. */
  detail: string
}

/** Going back to any time, by an archive of every change of the built-in database (`backup.wal`). */
export interface PointInTime {
  /** With `of` those of another deployment, whose archive is in the same place under the same key. */
  times(deployment: Deployment, of?: string): Promise<RestorableTimes>
  /** Makes a base backup at once. */
  baseBackup(deployment: Deployment, type: 'full' | 'diff', progress: Progress): Promise<RestorableTimes>
  /**
   * Brings the built-in database to what it was at a time; what it was before is kept. Where that fails, for whatever reason,
   * the present data is served on. With `of` it becomes what the database of another deployment was, such as a lost one.
   */
  restoreTo(deployment: Deployment, time: Date, progress: Progress, of?: string): Promise<RestoredTo>
  /** Undefined where the database does not run. */
  state(deployment: Deployment): Promise<ArchivingState | undefined>
}

/** What every way of running a deployment can do. All methods are safe to repeat. */
export interface Runtime {
  readonly name: 'embedded' | 'compose' | 'swarm' | 'kubernetes'
  /** Brings the deployment to what vetrai.yml says and waits until /readyz answers 200. */
  up(deployment: Deployment, progress: Progress): Promise<UpResult>
  /** What `up` would do. Changes nothing and writes nothing. */
  plan(deployment: Deployment): Promise<PlanResult>
  /**
   * Has the stores run alone: starts what of them is down, and stops the server and its workers, which `up` starts again. For
   * work on the data that nobody may see half done.
   */
  hold(deployment: Deployment, progress: Progress): Promise<void>
  /** Stops everything cleanly; data stays. */
  down(deployment: Deployment, progress: Progress): Promise<{ changed: boolean }>
  /** Restarts one component, or all. */
  restart(deployment: Deployment, component: string | undefined, progress: Progress): Promise<void>
  /** How the deployment stands; `brief` leaves out what takes time to measure (processor, drift). */
  status(deployment: Deployment, options?: { brief?: boolean }): Promise<RuntimeStatus>
  /** Lines of the named component's log (all components merged when undefined), oldest first. */
  logs(
    deployment: Deployment,
    options: { component?: string; follow: boolean; lines: number },
  ): AsyncIterable<{ component: string; line: string }>
  /** Pending and applied schema migrations; `up` runs what is pending. */
  migrations(deployment: Deployment): Promise<{ name: string; applied_at: string | null }[]>
  migrate(deployment: Deployment, progress: Progress): Promise<{ applied: string[] }>
  /** Signs in to the running database with each password of its roles; a database that cannot be asked is a CliError. */
  acceptedSecrets?(deployment: Deployment): Promise<AcceptedSecret[]>
  /** Sets the roles of the running database to what the secrets say, and restarts what signs in with them. */
  repairSecrets?(deployment: Deployment, progress: Progress): Promise<void>
  /**
   * Runs a program where a component runs, with its environment and this terminal’s streams; answers the exit code of the
   * program. CliError `component_unknown` (exit 2) or `not_running` (exit 3).
   */
  exec(
    deployment: Deployment,
    component: string,
    command: [string, ...string[]],
    options: { interactive: boolean },
  ): Promise<number>
  /** As `exec`, for psql, redis-cli and a shell. Secrets reach the program by files or its environment, never by arguments. */
  shell(deployment: Deployment, request: ShellRequest): Promise<number>
  /**
   * Tells the store behind a secret of a running deployment that it is rotated; the value to go on with is in secrets/NAME, the
   * other in secrets/previous/NAME. `admit`: from now on the store takes the first, and where it can the second too, so that
   * `up` may restart one after the other what reads it. `retire`: it takes only the first. Each resolves once it has tried that
   * by signing in, is safe to repeat, and changes nothing where it is so already. Secrets that no store knows are let pass.
   */
  applySecret?(
    deployment: Deployment,
    name: SecretName,
    phase: SecretPhase,
    progress: Progress,
  ): Promise<void>
  /** What an upgrade needs of this runtime. */
  upgrades?(deployment: Deployment): Promise<UpgradeHost>
  /** The version that `up` would have but for the data, which is of another. */
  waitingUpgrade?(deployment: Deployment): Promise<{ from: string; to: string } | undefined>
  /** Undefined where this runtime archives no WAL. */
  pointInTime?: PointInTime
  /**
   * Runs the program that makes and reads backups, with the rights and environment that migrations have; answers its result.
   * What it says went wrong is a CliError. CliError `not_running` (exit 3) where it needs stores that do not run. The program
   * ends with this command.
   */
  tool(deployment: Deployment, request: ToolRequest): Promise<unknown>
  /** Gives a file of this host under a path that this program can read it by, until it is released. */
  lend(deployment: Deployment, path: string): Promise<{ path: string; release(): Promise<void> }>
  /**
   * Removes what the runtime created outside and inside the directory. The deployment must be stopped. With `keepData` what
   * `up` needs to serve the same data again stays: data, secrets, configuration, lock.json and journal.
   */
  uninstall(deployment: Deployment, progress: Progress, options?: { keepData?: boolean }): Promise<void>
}
