import { CliError } from '../../deployment/errors.js'
import {
  breakingNotes,
  judgeUpgrade,
  type PendingMigration,
  pendingMigrations,
} from '../../release/judge-upgrade.js'
import type { ClusterMove } from '../../runtimes/cluster-move.js'
import { imageNotHere } from '../../runtimes/image-not-here.js'
import type { DatabaseFacts, DiskPlace, ServerVersion } from '../../runtimes/upgrade-host.js'
import { bytes } from '../../views/format.js'
import { describeMove, LOG_BYTES, moveSteps, type PlannedMove } from './plan-move.js'
import type { UpgradeContext } from './upgrade-context.js'
import type { UpgradeMode } from './upgrade-state.js'

/** One end of an upgrade. */
export interface PlannedVersion {
  version: string
  schema_version: string
  /** Image or folder of its server. */
  server: string
}

/** What an upgrade would do. The field names are the stable shape of `vetrai upgrade plan --json`. */
export interface UpgradePlan {
  from: PlannedVersion
  to: PlannedVersion
  /** False where the deployment runs that very version. */
  needed: boolean
  mode: UpgradeMode
  migrations: PendingMigration[]
  breaking: { version: string; note: string }[]
  database: { postgres: number; bytes: number; move: PlannedMove | null }
  object_bytes: number
  disk: { need_bytes: number; places: DiskPlace[] }
  /** none: no request notices; restart: seconds; maintenance: from the copy to the end of the checks callers are told to wait. */
  downtime: 'none' | 'restart' | 'maintenance'
  /** Whether the version before serves again by itself where the upgrade fails; else the command that has it serve. */
  going_back: { automatic: boolean; command: string | null }
  steps: string[]
  /** Why it would be refused; null where it would not. */
  problem: { code: string; message: string; next: string } | null
}

/** The versions and facts that an upgrade starts from. */
export interface Preparation {
  from: ServerVersion
  to: ServerVersion
  facts: DatabaseFacts
  /** The database's way to another major, where that is wanted. */
  move?: ClusterMove
}

/** What an upgrade to a version that is on this host would do. Changes nothing. */
export async function planUpgrade(context: UpgradeContext, to: string | undefined): Promise<UpgradePlan> {
  const from = await currentVersion(context)
  const { name, version } = await context.host.peek(to)
  if (!version) throw imageNotHere(name)
  const facts = await askDatabase(context, [from, version])
  const move = await context.host.clusters?.wanted()
  return describeUpgrade(context, { from, to: version, facts, ...(move && { move }) })
}

/** The version that runs; CliError where the deployment never ran, so that there is nothing to upgrade. */
export async function currentVersion({ host }: UpgradeContext): Promise<ServerVersion> {
  const current = await host.current()
  if (current) return current
  throw new CliError({
    code: 'never_ran',
    message: 'This deployment never ran, so there is nothing to upgrade.',
    next: 'Start it with: vetrai up',
    exitCode: 3,
  })
}

/** Asks by the first version that can: the programs of an older one may not know how. */
export async function askDatabase(
  { host }: UpgradeContext,
  versions: ServerVersion[],
): Promise<DatabaseFacts> {
  let problem: unknown
  for (const version of versions) {
    try {
      return await host.facts(version)
    } catch (error) {
      problem ??= error
    }
  }
  throw problem
}

/** Puts together what is known. */
export async function describeUpgrade(
  { host, deployment }: UpgradeContext,
  { from, to, facts, move }: Preparation,
): Promise<UpgradePlan> {
  const migrations = pendingMigrations(facts.migrations, to.migrations, to.release)
  const fits = migrations.every(({ compatible }) => compatible)
  const mode = move ? 'move' : fits ? 'in-place' : 'copy'
  const objectBytes = await host.objectBytes()
  const isOurs = deployment.config.database.url === undefined
  // Where the database is somebody else's, its copy takes no room here; a backup does.
  const factor = isOurs ? to.release.disk_factor : 1
  const need = Math.ceil(factor * facts.bytes + objectBytes + (move ? LOG_BYTES : 0))
  const places = await host.places()
  const installed = {
    version: from.release.version,
    ...facts,
    ...(move && { postgres: move.to.major }),
  }
  const problem = judgeUpgrade(installed, to.release) ?? judgeRoom(need, places)
  return {
    from: {
      version: from.release.version,
      schema_version: facts.migrations.at(-1) ?? 'empty',
      server: from.name,
    },
    to: { version: to.release.version, schema_version: to.release.schema_version, server: to.name },
    needed: move !== undefined || from.name !== to.name || migrations.length > 0 || !isSame(from, to),
    mode,
    migrations,
    breaking: breakingNotes(from.release.version, to.release),
    database: {
      postgres: facts.postgres,
      bytes: facts.bytes,
      move: move ? describeMove(move, facts.bytes) : null,
    },
    object_bytes: objectBytes,
    disk: { need_bytes: need, places },
    downtime: mode !== 'in-place' ? 'maintenance' : host.holdsRequests ? 'none' : 'restart',
    going_back: (await host.wayBack?.(from)) ?? { automatic: true, command: null },
    steps: move ? moveSteps(move) : stepsOf(mode, host.trial !== undefined),
    problem: problem ? { code: problem.code, message: problem.message, next: problem.next } : null,
  }
}

/** Where lock.json says otherwise than what runs, it has to be put right. */
function isSame({ locked: a }: ServerVersion, { locked: b }: ServerVersion): boolean {
  return a.version === b.version && a.schema_version === b.schema_version
}

/** CliError (exit 4) where a plan may not be carried out. */
export function requireFeasible({ problem }: UpgradePlan): void {
  if (problem) throw new CliError({ ...problem, exitCode: 4 })
}

function judgeRoom(need: number, places: DiskPlace[]): CliError | undefined {
  const tight = places.find(({ free }) => free < need)
  if (!tight) return undefined
  return new CliError({
    code: 'upgrade_disk',
    message: `The upgrade may take ${bytes(need)}; ${tight.place} has ${bytes(tight.free)} free.`,
    next: 'Make room there: docker image prune, or a larger disk. Nothing was changed.',
    exitCode: 4,
  })
}

function stepsOf(mode: UpgradeMode, hasTrial: boolean): string[] {
  const begin = ['bring every image here', 'check path, database and disk', 'make a backup and verify it']
  const end = ['smoke checks', 'watch its answers', 'note the new version']
  if (mode === 'in-place') {
    const trial = hasTrial ? ['start the new server beside the old one and wait until it is ready'] : []
    return [
      ...begin,
      'migrate in place, while the old version serves',
      ...trial,
      'put the new server in its place',
      ...end,
    ]
  }
  return [
    ...begin,
    'let the installation rest and stop the server',
    'copy the database and migrate the copy',
    'put the copy in the place of the database, which is kept',
    'start the new server',
    'smoke checks',
    'open to everybody',
    'note the new version, drop the old data',
  ]
}
