import { CliError } from '../../deployment/errors.js'
import { withLifecycleLock } from '../../deployment/lifecycle-lock.js'
import { count } from '../../views/format.js'
import { goBack, type Note } from './go-back.js'
import { beginRest, endRest } from './rest.js'
import { settleUpgrade } from './resume-upgrade.js'
import { change, clustersOf } from './steps.js'
import { takeBackup } from './take-backup.js'
import { UPGRADE, type UpgradeContext } from './upgrade-context.js'
import { readUpgrade, type UpgradeState } from './upgrade-state.js'

/** What going back to the version before would cost. */
export interface RollbackCost {
  from: string
  to: string
  /** Since when everybody could write to the version that runs. */
  since: string
  /** Rows written since, which would be lost; 0 where the data stays as it is, null where some would and nobody knows how many. */
  lost_writes: number | null
}

/** What going back did. */
export interface RollbackReport extends RollbackCost {
  changed: true
  /** The backup that holds what was lost; null where none was made. */
  backup: string | null
}

/** What `vetrai upgrade rollback` would lose. CliError (exit 4) where there is no way back of that kind. */
export async function rollbackCost(context: UpgradeContext): Promise<RollbackCost> {
  return costOf(context, await lastUpgrade(context))
}

/** Puts the version before back, with its data as it was where it cannot run on the data as it is. */
export async function rollBack(
  context: UpgradeContext,
  { skipBackup }: { skipBackup: boolean },
): Promise<RollbackReport> {
  const { deployment, host } = context
  return withLifecycleLock(deployment, 'upgrade rollback', 0, async () => {
    await settleUpgrade(context)
    const state = await lastUpgrade(context)
    const cost = await costOf(context, state)
    const to = await host.known(state.to)
    const detail = { id: state.id, from: cost.from, to: cost.to, asked: true }
    const backup = await deployment.journal.record(
      UPGRADE,
      async (note) => {
        // While nobody writes: what was accepted is in the backup to the last row.
        if (state.mode !== 'in-place') await rest(context, state, note)
        const made = skipBackup ? null : await backUp(context, state)
        await change({ deployment, state }, { phase: 'going-back' })
        await restoreImageName(context, state)
        await goBack({ ...context, state, to }, { step: 'done', code: 'asked', message: 'Asked for.' }, note)
        return made
      },
      detail,
    )
    return { ...cost, changed: true, backup: backup?.id ?? null }
  })
}

async function rest(
  { deployment, progress }: UpgradeContext,
  state: UpgradeState,
  note: Note,
): Promise<void> {
  await note({ step: 'rest' })
  await beginRest({ deployment, progress }, () => change({ deployment, state }, { rests: true }))
}

/** Where none can be made nothing is given up: the version that runs goes on. */
async function backUp(context: UpgradeContext, state: UpgradeState): Promise<{ id: string }> {
  const { deployment } = context
  try {
    return await takeBackup(context, 'before-restore')
  } catch (error) {
    if (state.rests) await endRest(deployment)
    await change({ deployment, state }, { rests: false })
    throw error
  }
}

async function lastUpgrade({ deployment, host }: UpgradeContext): Promise<UpgradeState> {
  const state = await readUpgrade(deployment)
  if (state?.phase !== 'done') {
    throw refused(
      'There is no upgrade that could be taken back.',
      'See what there was with: vetrai upgrade history',
    )
  }
  if (
    deployment.lock.release?.image?.use !== state.to.image?.use ||
    deployment.lock.release?.version !== state.to.version
  ) {
    throw refused(
      `The deployment no longer runs what the upgrade to ${state.to.version} brought.`,
      'Restore a backup instead: vetrai restore',
    )
  }
  const isKept = state.move ? await clustersOf(host).isKept(state.move) : state.before_kept
  if (state.mode !== 'in-place' && !isKept) {
    const backup = state.backup ?? 'ID'
    throw refused(
      `${state.from.version} cannot run on the data as it is now, and its own data was not kept.`,
      `Restore the backup ${backup}, which was made before the upgrade, to a new directory with the command line of ${state.from.version} (vetrai restore). The next time keep the data: vetrai upgrade run --keep-old`,
    )
  }
  return state
}

async function costOf({ host }: UpgradeContext, state: UpgradeState): Promise<RollbackCost> {
  const { from, to, mode, writes, counted_since: counted } = state
  const since = state.ended_at ?? state.started_at
  const cost = { from: to.version, to: from.version, since }
  if (mode === 'in-place') return { ...cost, lost_writes: 0 }
  const now = await host.facts(await host.known(to))
  const isSameCount = counted === undefined || counted === now.counted_since
  const lost = now.writes - (writes ?? 0)
  // What was written last is not counted yet: 0 is not sure either.
  return { ...cost, lost_writes: isSameCount && lost > 0 ? lost : null }
}

/** Completes "This …". */
export function consequenceOf({ to, since, lost_writes: lost }: RollbackCost): string {
  return `puts ${to} back with its data of ${since}: ${lost === null ? 'all changes' : count(lost, 'change')} to rows made since then will be lost`
}

/** What vetrai.yml named before the upgrade; else `up` would speak of an upgrade that waits. */
async function restoreImageName({ deployment }: UpgradeContext, state: UpgradeState): Promise<void> {
  if (state.image === undefined) return
  await deployment.withLock('upgrade', () => deployment.set('images.server', state.image_before ?? undefined))
}

function refused(message: string, next: string): CliError {
  return new CliError({ code: 'upgrade_no_way_back', message, next, exitCode: 4 })
}
