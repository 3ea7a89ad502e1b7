import { CliError } from '../../deployment/errors.js'
import { withLifecycleLock } from '../../deployment/lifecycle-lock.js'
import type { LockedRelease } from '../../deployment/lock-file.js'
import { during } from '../../runtimes/during.js'
import type { Progress } from '../../runtimes/runtime.js'
import { carryOut } from './carry-out.js'
import type { Note } from './go-back.js'
import {
  askDatabase,
  currentVersion,
  describeUpgrade,
  type Preparation,
  requireFeasible,
  type UpgradePlan,
} from './plan-upgrade.js'
import { settleUpgrade } from './resume-upgrade.js'
import { isWatched, type Work } from './steps.js'
import { UPGRADE, type UpgradeContext, type UpgradeOptions } from './upgrade-context.js'
import { keepUpgrade, readUpgrade, type UpgradeMode, type UpgradeState } from './upgrade-state.js'

/** What an upgrade did. */
export interface UpgradeReport {
  /** False where the deployment ran that very version already. */
  changed: boolean
  id: string | null
  from: string
  to: string
  mode: UpgradeMode
  /** Major of PostgreSQL that the database moved to; null where it stayed. */
  postgres: number | null
  /** Migrations that were applied. */
  migrations: string[]
  backup: string | null
  duration_s: number
  /** For how long its answers to requests were watched; 0 where they were not, as by a copy. */
  watched_s: number
  /** Database that holds the data of the version before, or the volume where it moved; null where it was not kept. */
  kept: string | null
}

/**
 * Brings a deployment to another version, or leaves it with the one it had: whatever fails before the new version is open to
 * everybody is put back. CliError `upgrade_rolled_back` (exit 1) then tells what failed, where the backup is and what to do.
 */
export async function runUpgrade(context: UpgradeContext, options: UpgradeOptions): Promise<UpgradeReport> {
  const { deployment } = context
  return withLifecycleLock(deployment, UPGRADE, 0, async () => {
    await settleUpgrade(context)
    await requireReady(context)
    return deployment.journal.record(UPGRADE, (note) => upgrade(context, options, note))
  })
}

async function upgrade(context: UpgradeContext, options: UpgradeOptions, note: Note): Promise<UpgradeReport> {
  const began = Date.now()
  const { prepared, plan } = await prepare(context, options, note)
  if (!plan.needed) return { ...reportOf(plan, null, began), changed: false }
  warnOfWayBack(plan, context.progress)
  const state = await begin(context, options, { ...prepared, plan })
  const work: Work = { ...context, ...prepared, options, state }
  const kept = state.move && { kept_volume: state.move.from.volume }
  await note({ from: plan.from.version, to: plan.to.version, id: state.id, mode: state.mode, ...kept })
  await carryOut(work, note)
  return { ...reportOf(plan, state, began), watched_s: isWatched(work) ? options.watchS : 0 }
}

/** Everything that can be had and known before anything changes. What fails here leaves nothing to put back. */
async function prepare(context: UpgradeContext, { to: wanted }: UpgradeOptions, note: Note) {
  const { host, progress } = context
  await note({ step: 'images' })
  const to = await during(progress, 'Bring the new version here', (step) => host.provide(wanted, step))
  await note({ step: 'check' })
  return during(progress, 'Check the way to it', async () => {
    const from = await currentVersion(context)
    const facts = await askDatabase(context, [from, to])
    const move = await host.clusters?.wanted()
    const plan = await describeUpgrade(context, { from, to, facts, ...(move && { move }) })
    requireFeasible(plan)
    return { prepared: { from, to, ...(move && { move }) }, plan }
  })
}

/** Before anything changes, who is there to read it should know. */
function warnOfWayBack({ from, going_back: { command } }: UpgradePlan, progress: Progress): void {
  if (command !== null)
    progress.step(`${from.version} is not where it was: going back is by hand`).done(command)
}

async function begin(
  { deployment }: UpgradeContext,
  { to: image, keepOld }: UpgradeOptions,
  { from, to, move, plan }: Omit<Preparation, 'facts'> & { plan: UpgradePlan },
): Promise<UpgradeState> {
  const now = new Date().toISOString()
  const id = now.slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()
  const earlier = await readUpgrade(deployment)
  const state: UpgradeState = {
    id,
    phase: 'running',
    started_at: now,
    ended_at: null,
    from: withSchema(from.locked, plan.from.schema_version),
    to: to.locked,
    mode: plan.mode,
    ...(move && { move }),
    step: 'check',
    ...(image !== undefined && { image }),
    image_before: deployment.config.images.server ?? null,
    backup: null,
    databases: { next: 'vetrai_next', before: `vetrai_before_${id}` },
    before_kept: false,
    keep_old: keepOld,
    earlier: earlier?.before_kept ? earlier.databases.before : (earlier?.earlier ?? null),
    rests: false,
    writes: null,
    failure: null,
  }
  await keepUpgrade(deployment, state)
  return state
}

/** What an earlier command line did not note is what the database says. */
function withSchema(release: LockedRelease, schema: string): LockedRelease {
  return release.schema_version === 'unknown' ? { ...release, schema_version: schema } : release
}

/** Where the runtime lets it begin from one that is down, the data is all there is to begin with. */
async function requireReady({ runtime, deployment, host, progress }: UpgradeContext): Promise<void> {
  if ((await runtime.status(deployment, { brief: true })).ready) return
  if (host.beginsAtRest) return runtime.hold(deployment, progress)
  throw new CliError({
    code: 'not_running',
    message: 'The deployment is not ready, so nobody could tell whether the upgrade did it harm.',
    next: 'Bring it up first: vetrai up',
    exitCode: 3,
  })
}

function reportOf(
  { from, to, mode, migrations }: UpgradePlan,
  state: UpgradeState | null,
  began: number,
): UpgradeReport {
  return {
    changed: true,
    id: state?.id ?? null,
    from: from.version,
    to: to.version,
    mode,
    postgres: state?.move?.to.major ?? null,
    migrations: migrations.map(({ name }) => name),
    backup: state?.backup ?? null,
    duration_s: Math.round((Date.now() - began) / 100) / 10,
    watched_s: 0,
    kept: state?.move?.from.volume ?? (state?.before_kept ? state.databases.before : null),
  }
}
