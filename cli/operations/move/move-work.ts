import type { Api } from '../../clients/api.js'
import { identitiesIn } from '../../deployment/age-keys.js'
import { CliError } from '../../deployment/errors.js'
import { during } from '../../runtimes/during.js'
import type { BackupContext } from '../backup/use-tool.js'
import { beginMaintenance, endMaintenance } from '../maintenance.js'
import { type MoveState, type MoveTarget, writeMoveState } from './move-state.js'
import { RemoteHost } from './remote-host.js'
import { RemotePlace } from './remote-place.js'

/** What a move works with. */
export interface MoveContext extends BackupContext {
  api: Api
  /** Version of this command line. */
  version: string
  /** Aborted where the operator ends the command. */
  signal?: AbortSignal
}

/** The work of one move. */
export interface MoveWork extends MoveContext {
  state: MoveState
  /** What callers are told meanwhile. */
  message: string
  /** How long running jobs are waited for. */
  waitMs: number
  /** Whether a first archive is sent and read there before anything is closed. */
  rehearse: boolean
}

/** Changes what is noted of a move. */
export async function note(work: MoveWork, change: Partial<MoveState>): Promise<void> {
  work.state = { ...work.state, ...change }
  await writeMoveState(work.deployment, work.state)
}

/** Where the deployment is moved to. */
export function targetOf({ to }: MoveState): MoveTarget {
  if (to) return to
  throw new Error('a move by archive knows no other host')
}

/** The other host. */
export function placeOf({ state, signal }: Pick<MoveWork, 'state' | 'signal'>): RemotePlace {
  const target = targetOf(state)
  return new RemotePlace(new RemoteHost(target), target.vetrai, signal)
}

/** The key that opens this deployment's backups. The deployment there gets it with the other secrets anyway. */
export async function backupKey({ deployment }: MoveWork): Promise<string> {
  const [key] = identitiesIn(await deployment.secret('backup-key'))
  if (key !== undefined) return key
  throw new CliError({
    code: 'secret_missing',
    message: 'This deployment has no backup key, which would open the archive on the other host.',
    next: 'Have one made with: vetrai up',
  })
}

/** Accepts nothing any more. What was done in an earlier rest, which somebody ended since, does not count. */
export async function close(work: MoveWork): Promise<void> {
  const words = { message: work.message, retry_after_s: RETRY_AFTER_S }
  const { since } = await beginMaintenance(work, words, { drainMs: work.waitMs })
  const { rested_since: before } = work.state
  if (before !== null && before !== since) {
    if (work.state.to) await removeRemote(work)
    await note(work, { backup: null, sent: null, moved_to: null })
  }
  await note(work, { rested_since: since })
}

/** Serves here again, unless there was a maintenance before. */
export async function reopen({ api, progress, state }: MoveWork): Promise<void> {
  if (state.phase !== 'closed') return
  await during(progress, 'Serve here again', async () => {
    if (state.rest_before) await api.put('/installation/v1/maintenance', state.rest_before)
    else await endMaintenance(api)
  })
}

const RETRY_AFTER_S = 120

/** Removes what a restore of this move left in the directory on the other host. Safe to repeat; needs a look that it was vacant before. */
export async function removeRemote(work: MoveWork): Promise<void> {
  const { place_began: began, staging } = work.state
  if (!began || staging === null) return
  const { dir, changes } = targetOf(work.state)
  const place = placeOf(work)
  await during(work.progress, `Remove what was begun on ${place.host.name}`, async () => {
    await place.end(staging)
    const stands = await place.whatStands(dir)
    if (stands === 'begun') await place.removeBegun(dir)
    if (stands === 'deployment') {
      const name = changes[changes.indexOf('--name') + 1]
      const confirm = changes.includes('--name') && name !== undefined ? name : work.deployment.name
      await place.command(['uninstall', '--dir', dir, '--confirm', confirm])
    }
  })
  await note(work, { place_began: false, moved_to: null })
}

/** Removes the archive that was sent. */
export async function removeStaging(work: MoveWork): Promise<void> {
  const { staging } = work.state
  if (staging === null) return
  await placeOf(work).removeStaging(staging)
  await note(work, { staging: null, sent: null })
}
