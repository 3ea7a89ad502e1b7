import { randomBytes } from 'node:crypto'
import { CliError } from '../../deployment/errors.js'
import { withLifecycleLock } from '../../deployment/lifecycle-lock.js'
import { maintenanceIfKnown } from '../maintenance.js'
import { downloadArchive, refuseFile } from './download-archive.js'
import {
  asCliError,
  interrupted,
  noMove,
  otherMove,
  stillUnderWay,
  tooLate,
  unsettled,
} from './move-errors.js'
import type { MoveResult } from './move-result.js'
import {
  type After,
  clearMoveState,
  type MoveState,
  type MoveTarget,
  readMoveState,
  writeMoveState,
} from './move-state.js'
import {
  CARRYING,
  CLOSING,
  leaveWith,
  type MoveStep,
  movedMessage,
  OPENING,
  PREPARING,
} from './move-steps.js'
import { type MoveContext, type MoveWork, note, removeRemote, removeStaging, reopen } from './move-work.js'

type Note = (detail: Record<string, unknown>) => Promise<void>

/** What a move is told. */
export interface MoveRequest {
  /** The other host; null for a move by archive, or to go on with one that was begun. */
  to: MoveTarget | null
  /** The archive to write; null for a move by ssh. */
  file: string | null
  /** Undefined where nothing is said: what was said before, or `maintenance`. */
  after: After | undefined
  message: string
  waitMs: number
  rehearse: boolean
}

/**
 * Moves a deployment: to another host by ssh, or into an archive. Whatever fails before the other one is ready has this one serve
 * on; a command that dies is gone on with by the next. At no moment do both accept anything.
 */
export async function runMove(context: MoveContext, request: MoveRequest): Promise<MoveResult> {
  const { deployment } = context
  return withLifecycleLock(deployment, 'move', 0, async () => {
    const work = await begin(context, request)
    if (work.state.phase === 'moved') return resultOf(work)
    const perform = work.state.to === null ? byArchive : bySsh
    const detail = { to: work.state.to?.host ?? work.state.file, resumed: work.state.phase !== 'preparing' }
    await deployment.journal.record('move', (step) => perform(work, step), detail)
    return resultOf(work)
  })
}

/** Goes back: this deployment serves, and nothing of the move is left. CliError `move_too_late` once the other one may have accepted anything. */
export async function cancelMove(context: MoveContext): Promise<MoveResult> {
  const { deployment } = context
  return withLifecycleLock(deployment, 'move --cancel', 0, async () => {
    const work = workOf(context, await pending(context))
    const { phase } = work.state
    if (phase === 'opening' || phase === 'moved') throw tooLate(work.state)
    await deployment.journal.record('move-cancel', async () => {
      await reopen(work)
      await note(work, { phase: 'preparing' })
      await removeRemote(work)
      await removeStaging(work)
      await clearMoveState(deployment)
    })
    return { ...resultOf(work), phase: 'cancelled' }
  })
}

/** Ends a move by archive: the deployment here tells from now on where it went. */
export async function finishMove(
  context: MoveContext,
  { after = 'maintenance', url }: { after?: After | undefined; url?: string | undefined },
): Promise<MoveResult> {
  const { deployment } = context
  return withLifecycleLock(deployment, 'move --done', 0, async () => {
    const work = workOf(context, await pending(context))
    if (work.state.to !== null && work.state.phase !== 'moved') throw stillUnderWay(work.state)
    await deployment.journal.record('move-done', async () => {
      const moved_to = {
        dir: '',
        rows: 0,
        ...work.state.moved_to,
        url: url ?? work.state.moved_to?.url ?? '',
      }
      await leaveWith(work, movedMessage(moved_to.url, deployment.publicUrl), after)
      await note(work, { phase: 'moved', after, moved_to })
    })
    return resultOf(work)
  })
}

async function begin(context: MoveContext, request: MoveRequest): Promise<MoveWork> {
  const found = await stateOf(context)
  const { message, waitMs, rehearse, to, file, after } = request
  if (found) {
    if (!isSame(found, request)) throw otherMove(found)
    const state = { ...found, after: after ?? found.after }
    return { ...context, state, message, waitMs, rehearse }
  }
  if (to === null && file === null) throw noMove()
  if (file !== null) await refuseFile(file)
  const state: MoveState = {
    format: 1,
    id: randomBytes(4).toString('hex'),
    started_at: new Date().toISOString(),
    ...{ to, file, after: after ?? 'maintenance' },
    phase: 'preparing',
    rest_before: null,
    rested_since: null,
    backup: null,
    sent: null,
    staging: null,
    place_began: false,
    moved_to: null,
  }
  await writeMoveState(context.deployment, state)
  return { ...context, state, message, waitMs, rehearse }
}

/** The move that was begun. One that is over counts for nothing once somebody opened the deployment again. */
async function stateOf({ deployment, api }: MoveContext): Promise<MoveState | undefined> {
  const state = await readMoveState(deployment)
  if (state?.phase !== 'moved') return state
  const rest = await maintenanceIfKnown(api)
  if (rest === null || rest.on) return state
  await clearMoveState(deployment)
  return undefined
}

function isSame({ to, file }: MoveState, asked: MoveRequest): boolean {
  if (asked.to === null && asked.file === null) return to !== null
  if (asked.to === null) return to === null && file === asked.file
  return to !== null && to.host === asked.to.host && to.port === asked.to.port
}

async function bySsh(work: MoveWork, step: Note): Promise<void> {
  if (work.state.phase !== 'opening') {
    await orUndo(work, step, async () => {
      if (work.state.phase === 'preparing') await runAll(PREPARING, work, step)
      await runAll([...CLOSING, ...CARRYING], work, step)
    })
    await note(work, { phase: 'opening' })
  }
  await runAll(OPENING, work, step).catch((error: unknown) => {
    throw unsettled(work.state, error)
  })
  await note(work, { phase: 'moved' })
}

async function byArchive(work: MoveWork, step: Note): Promise<void> {
  await orUndo(work, step, async () => {
    await runAll(CLOSING, work, step)
    await step({ step: 'download' })
    await downloadArchive(work)
  })
}

async function runAll(steps: readonly MoveStep[], work: MoveWork, step: Note): Promise<void> {
  for (const { name, run } of steps) {
    if (work.signal?.aborted) throw interrupted()
    await step({ step: name })
    await run(work)
  }
}

/** Does it, or has this deployment serve as if nothing had been. */
async function orUndo(work: MoveWork, step: Note, perform: () => Promise<void>): Promise<void> {
  try {
    await perform()
    if (work.signal?.aborted) throw interrupted()
  } catch (error) {
    await step({ step: 'undo' })
    const { signal: _, ...calm } = work
    throw await undo(calm, error)
  }
}

/** Opens here first, then removes what is there. Answers what the command says. */
async function undo(work: MoveWork, error: unknown): Promise<CliError> {
  const { code, message, next, exitCode } = asCliError(error)
  const { deployment, state } = work
  try {
    await reopen(work)
  } catch (second) {
    return new CliError({
      code: 'move_unsettled',
      message: `${message}\n${deployment.name} could not be opened again either: ${asCliError(second).message}`,
      next: 'Nothing is lost, and the other host serves nobody. See to the cause, then: vetrai move --cancel',
      cause: error,
    })
  }
  await note(work, { phase: 'preparing', rested_since: null, backup: null, rest_before: null })
  const left = await removeRemote(work)
    .then(() => removeStaging(work))
    .then(
      () => '',
      () =>
        `\nOn ${state.to?.host} there is still something of it (${state.staging}${state.place_began ? `, ${state.to?.dir}` : ''}); nobody is served from there. To remove it: vetrai move --cancel`,
    )
  if (left === '') await clearMoveState(deployment)
  const again = `Nothing was moved: ${deployment.name} serves here${state.rest_before ? ' as soon as its maintenance ends' : ''}, with all its data.`
  return new CliError({ code, message: `${message}\n${again}${left}`, next, exitCode, cause: error })
}

function resultOf({ deployment, state }: MoveWork): MoveResult {
  return {
    name: deployment.name,
    phase: state.phase === 'moved' ? 'moved' : 'archived',
    to: state.to?.host ?? null,
    file: state.file,
    dir: state.moved_to?.dir || null,
    url: state.moved_to?.url || null,
    rows: state.moved_to?.rows || null,
    backup: state.backup,
    after: state.after,
    left_on_host: state.staging,
    old_dir: deployment.dir,
    recovery_key: deployment.config.backup.recovery !== undefined,
  }
}

function workOf(context: MoveContext, state: MoveState): MoveWork {
  return { ...context, state, message: '', waitMs: 0, rehearse: false }
}

async function pending(context: MoveContext): Promise<MoveState> {
  const state = await readMoveState(context.deployment)
  if (state) return state
  throw noMove()
}
