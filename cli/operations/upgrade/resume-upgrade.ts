import { CliError } from '../../deployment/errors.js'
import { withLifecycleLock } from '../../deployment/lifecycle-lock.js'
import { carryOut, stuck } from './carry-out.js'
import { goBack } from './go-back.js'
import { UPGRADE, type UpgradeContext, type UpgradeOptions } from './upgrade-context.js'
import {
  isPastReturn,
  isUnfinished,
  readUpgrade,
  type UpgradeFailure,
  type UpgradeState,
} from './upgrade-state.js'

/** What became of an upgrade that was cut short. */
export interface SettledUpgrade {
  outcome: 'finished' | 'rolled-back'
  id: string
  from: string
  to: string
  /** The step in which it was cut short, or that had failed. */
  step: string
  reason: string | null
  backup: string | null
}

const INTERRUPTED = 'The command was ended in the middle of it.'

/** Nothing of an upgrade that is resumed is decided anew: what its steps ask of these was asked. */
const AS_BEGUN: UpgradeOptions = {
  rollbackOn: [],
  watchS: 0,
  readyWithinS: 60,
  keepOld: true,
  skipBackup: true,
}

/** Settles an upgrade that was cut short; CliError `upgrade_none` (exit 3) where there is none. */
export async function resumeUpgrade(context: UpgradeContext): Promise<SettledUpgrade> {
  return withLifecycleLock(context.deployment, 'upgrade resume', 0, async () => {
    const settled = await settleUpgrade(context)
    if (settled) return settled
    throw new CliError({
      code: 'upgrade_none',
      message: 'No upgrade of this deployment was cut short.',
      next: 'See what there was with: vetrai upgrade history',
      exitCode: 3,
    })
  })
}

/**
 * Brings an upgrade that was cut short to an end: finished where the new version was open to everybody already, else put back.
 * Undefined where there is none. Call it under the lifecycle lock.
 */
export async function settleUpgrade(context: UpgradeContext): Promise<SettledUpgrade | undefined> {
  const { deployment, host } = context
  const state = await readUpgrade(deployment)
  if (!isUnfinished(state)) return undefined
  const { id, step } = state
  const [from, to] = [await host.known(state.from), await host.known(state.to)]
  const isFinishing = isPastReturn(state)
  await deployment.journal.record(
    UPGRADE,
    async (note) => {
      if (isFinishing) {
        const options = { ...AS_BEGUN, keepOld: state.keep_old }
        return carryOut({ ...context, from, to, options, state }, note, step)
      }
      const failure: UpgradeFailure = state.failure ?? { step, code: 'interrupted', message: INTERRUPTED }
      try {
        await goBack({ ...context, state, to }, failure, note)
      } catch (problem) {
        throw stuck(state, failure.message, problem)
      }
    },
    {
      ...{ id, from: state.from.version, to: state.to.version, resumed: true },
      ...(state.move && { kept_volume: state.move.from.volume }),
    },
  )
  return settledOf(state, isFinishing ? 'finished' : 'rolled-back')
}

function settledOf(state: UpgradeState, outcome: SettledUpgrade['outcome']): SettledUpgrade {
  const { id, from, to, failure, backup, step } = state
  return {
    outcome,
    id,
    from: from.version,
    to: to.version,
    step: failure?.step ?? step,
    reason: outcome === 'finished' ? null : (failure?.message ?? null),
    backup,
  }
}
