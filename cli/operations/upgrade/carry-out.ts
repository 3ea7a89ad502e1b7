import { CliError } from '../../deployment/errors.js'
import { during } from '../../runtimes/during.js'
import { goBack, type Note, READY_WITHIN_S } from './go-back.js'
import { change, failureOf, UPGRADE_STEPS, type Work } from './steps.js'
import { goalOf, isPastReturn, type UpgradeState } from './upgrade-state.js'

/**
 * Goes through the steps from one of them on. Whatever fails before the new version is open to everybody is put back; what
 * fails after that is done again.
 */
export async function carryOut(work: Work, note: Note, first?: string): Promise<void> {
  try {
    await goThrough(work, note, first)
  } catch (error) {
    if (!isPastReturn(work.state)) throw await putBack(work, note, error)
    await finish(work, note)
  }
  await change(work, { phase: 'done', ended_at: new Date().toISOString() })
}

async function goThrough(work: Work, note: Note, first?: string): Promise<void> {
  const from = first === undefined ? 0 : UPGRADE_STEPS.findIndex(({ name }) => name === first)
  for (const step of UPGRADE_STEPS.slice(from)) {
    if (step.isNeeded?.(work) === false) continue
    await change(work, { step: step.name })
    await note({ step: step.name })
    await during(work.progress, step.title(work), (handle) => step.run(work, handle))
  }
}

/** Nobody goes back from here, so that what was stopped, or died, since is brought up again first. */
async function finish(work: Work, note: Note): Promise<void> {
  try {
    await work.host.start(READY_WITHIN_S, work.progress)
    await goThrough(work, note, work.state.step)
  } catch (error) {
    throw unfinished(work.state, error)
  }
}

async function putBack(work: Work, note: Note, error: unknown): Promise<CliError> {
  const { state } = work
  const failure = failureOf(error, state.step)
  const began = Date.now()
  try {
    await goBack(work, failure, note)
  } catch (problem) {
    return stuck(state, failure.message, problem)
  }
  return rolledBack(state, (Date.now() - began) / 1_000)
}

/** The error of an upgrade that was put back: what failed, what serves now, and where the backup is. */
function rolledBack(state: UpgradeState, seconds: number): CliError {
  const { from, failure, backup } = state
  const kept = backup === null ? '' : ` The backup ${backup} was made before.`
  const data =
    state.mode === 'in-place' ? 'on the same data, whose schema it can run on' : 'with its data as it was'
  return new CliError({
    code: 'upgrade_rolled_back',
    message: `The upgrade to ${goalOf(state)} failed at the step ${failure?.step}: ${failure?.message}\n${from.version} serves again, ${data} (put back in ${seconds.toFixed(0)} s).${kept}`,
    next: 'Nothing is lost and nothing is left to do. Read the cause above; `vetrai upgrade run` tries again once it is corrected.',
  })
}

/** The error of an upgrade that could not be put back yet. */
export function stuck(state: UpgradeState, cause: string, problem: unknown): CliError {
  return new CliError({
    code: 'upgrade_stuck',
    message: `The upgrade to ${goalOf(state)} failed at the step ${state.failure?.step ?? state.step} (${cause}), and ${state.from.version} could not be put back yet: ${problem instanceof Error ? problem.message : String(problem)}`,
    next: 'The data is as it was. Correct the cause, then: vetrai upgrade resume',
    cause: problem,
  })
}

function unfinished(state: UpgradeState, cause: unknown): CliError {
  return new CliError({
    code: 'upgrade_unfinished',
    message: `${goalOf(state)} serves, but the upgrade could not be finished at the step ${state.step}: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: 'Finish it with: vetrai upgrade resume',
    cause,
  })
}
