import { during } from '../../runtimes/during.js'
import type { ServerVersion } from '../../runtimes/upgrade-host.js'
import { endRest } from './rest.js'
import { change, clustersOf } from './steps.js'
import type { UpgradeContext } from './upgrade-context.js'
import type { UpgradeFailure, UpgradeState } from './upgrade-state.js'

/** Longest that a version to which there is no other may take to serve. */
export const READY_WITHIN_S = 120

/** What dies in the middle of going back is brought up by doing it once more. */
const TRIES = 2

/** Steps in which the new version has the place of the one before. */
const SERVING = ['smoke', 'watch', 'done']

type Returning = UpgradeContext & { state: UpgradeState; to: ServerVersion }

/** Notes a step in the journal. */
export type Note = (detail: Record<string, unknown>) => Promise<void>

/**
 * Puts the version before back into service, with its data: as it was where it could not run on the new schema, else as it
 * is. Each part finds out itself what is left to do, so that it may be repeated until it is done.
 */
export async function goBack(context: Returning, failure: UpgradeFailure, note: Note): Promise<void> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await goBackOnce(context, failure, note)
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

async function goBackOnce(context: Returning, failure: UpgradeFailure, note: Note): Promise<void> {
  const { deployment, runtime, host, progress, state, to } = context
  await change(context, { phase: 'going-back', failure: state.failure ?? failure })
  await note({ step: 'go-back', failed: failure.step, reason: failure.code })
  await during(progress, 'Give back the room that was kept', async () => {
    await host.clear()
    await host.release()
  })
  // The version first: whatever brings the deployment up from here on brings up the one before.
  await host.choose(state.from)
  const { mode, move } = state
  if (mode !== 'in-place') {
    await note({ step: 'put-back' })
    if (!move) await runtime.hold(deployment, progress)
    await during(progress, 'Put the data of the version before back', async () => {
      if (move) await clustersOf(host).switchBack(move)
      else await host.database(to, { verb: 'swap-back', ...state.databases })
    })
    await change(context, { before_kept: false })
  }
  await note({ step: 'serve' })
  // Where the new version serves, however badly, no request is dropped for the one before either.
  if (state.mode === 'in-place' && SERVING.includes(failure.step)) {
    await host.trial?.(await host.known(state.from), READY_WITHIN_S).catch(() => undefined)
  }
  await host.start(READY_WITHIN_S, progress)
  if (state.rests) {
    await endRest(deployment)
    await change(context, { rests: false })
  }
  await change(context, { phase: 'rolled-back', ended_at: new Date().toISOString() })
}
