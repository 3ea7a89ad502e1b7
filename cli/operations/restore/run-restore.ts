import { randomBytes } from 'node:crypto'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { withLifecycleLock } from '../../deployment/lifecycle-lock.js'
import type { RestoreSource } from './restore-source.js'
import { sourceWords } from './restore-source.js'
import { clearRestoreState, type RestoreState, readRestoreState, writeRestoreState } from './restore-state.js'
import {
  FINISHING,
  LOADING,
  note,
  type RestoreContext,
  type RestoreKeys,
  type RestoreWork,
  SWAPPING,
  undoRestore,
} from './restore-steps.js'

type Note = (detail: Record<string, unknown>) => Promise<void>

/** What a restore is told. */
export interface RestoreRequest {
  source: RestoreSource
  /** Id of the backup that the source names. */
  backup: string
  keys: RestoreKeys
  masterKey: string | undefined
  /** Whether what is there now is backed up first. */
  safety: boolean
  keepOld: boolean
  /** Whether the deployment was just made for it. */
  created?: boolean
  /** Whether the deployment stays in maintenance. */
  rests: boolean
}

/** What a restore left. */
export interface RestoreOutcome {
  backup: string
  safety_backup: string | null
  /** Database that holds what was there before; null where it was removed. */
  kept: string | null
  duration_s: number
}

/**
 * Puts a backup in the place of a deployment's data. It is loaded beside the living data, which goes on serving, and takes its
 * place in a moment when nobody writes. Whatever fails until the server is ready on it has everything as it was; a process that
 * dies leaves what the next command finishes or takes back. Needs a deployment that is up.
 */
export async function runRestore(context: RestoreContext, request: RestoreRequest): Promise<RestoreOutcome> {
  const { deployment } = context
  const began = performance.now()
  return withLifecycleLock(deployment, 'restore', 0, async () => {
    await settle(context)
    const work = await begin(context, request)
    await deployment.journal.record('restore', (step) => perform(work, step), { backup: request.backup })
    return {
      backup: request.backup,
      safety_backup: work.state.safety,
      kept: work.state.keep_old ? work.state.before : null,
      duration_s: Math.round((performance.now() - began) / 100) / 10,
    }
  })
}

/** What became of a restore that an earlier command left half done: `none` where there was none. */
export type SettledRestore = 'none' | 'finished' | 'undone'

/**
 * Finishes or takes back a restore that was cut short. Waits for somebody who restores at the moment. A deployment that was made
 * for it starts empty from then on, unless it is `kept` for another try.
 */
export async function settleRestore(
  context: RestoreContext,
  waitMs: number,
  { kept = false } = {},
): Promise<SettledRestore> {
  if ((await readRestoreState(context.deployment)) === undefined) return 'none'
  return withLifecycleLock(context.deployment, 'restore', waitMs, async () => {
    const settled = await settle(context)
    const left = await readRestoreState(context.deployment)
    if (kept || left === undefined) return settled
    await clearRestoreState(context.deployment)
    say(context, left, 'was taken back: there is no data yet')
    return 'undone'
  })
}

/** Notes that a deployment is there for a restore alone, which begins later. */
export async function noteMade(deployment: Deployment, request: RestoreRequest): Promise<void> {
  await writeRestoreState(deployment, newState(request, 'made'))
}

async function settle(context: RestoreContext): Promise<SettledRestore> {
  const { deployment } = context
  const state = await readRestoreState(deployment)
  if (state === undefined || state.phase === 'made') return 'none'
  const work: RestoreWork = {
    ...context,
    source: { kind: 'target', target: null, id: state.backup },
    keys: { identities: [] },
    masterKey: undefined,
    safety: false,
    state,
  }
  return deployment.journal.record(
    'restore',
    async (step) => {
      if (state.phase === 'swapped') {
        await finish(work, step)
        say(context, state, 'was in its place, and is open now')
        return 'finished'
      }
      await step({ step: 'undo' })
      await undoRestore(work)
      if (!state.created) say(context, state, 'was taken back')
      return 'undone'
    },
    { backup: state.backup, resumed: true },
  )
}

function say({ progress }: RestoreContext, { backup }: RestoreState, what: string): void {
  progress.step(`The restore of ${backup}, which was cut short, ${what}`).done()
}

async function begin(context: RestoreContext, request: RestoreRequest): Promise<RestoreWork> {
  const { source, keys, masterKey, safety } = request
  const state = newState(request, 'loading')
  await writeRestoreState(context.deployment, state)
  return { ...context, source, keys, masterKey, safety, state }
}

function newState(
  { backup, source, keepOld, created, rests }: RestoreRequest,
  phase: RestoreState['phase'],
): RestoreState {
  const stamp = `${new Date()
    .toISOString()
    .slice(0, 19)
    .replaceAll(/[^0-9]/g, '')}_${randomBytes(2).toString('hex')}`
  return {
    format: 1,
    backup,
    source: sourceWords(source),
    started_at: new Date().toISOString(),
    next: `vetrai_restore_${stamp}`,
    before: `vetrai_before_${stamp}`,
    safety: null,
    keep_old: keepOld,
    ...(created && { created }),
    rests,
    phase,
  }
}

async function perform(work: RestoreWork, step: Note): Promise<void> {
  try {
    await runAll(LOADING, work, step)
    await note(work, { phase: 'swapping' })
    await runAll(SWAPPING, work, step)
  } catch (error) {
    await step({ step: 'undo' })
    await undoRestore(work).catch((second: unknown) => {
      throw stuck(work, error, second)
    })
    throw undone(work, error)
  }
  await note(work, { phase: 'swapped' })
  await finish(work, step).catch((error: unknown) => {
    throw unfinished(work, error)
  })
}

/** The data is in its place, and the server was ready on it. */
async function finish(work: RestoreWork, step: Note): Promise<void> {
  try {
    await runAll(FINISHING, work, step)
  } catch {
    // Something was stopped, or broke down, since.
    await work.runtime.up(work.deployment, work.progress)
    await runAll(FINISHING, work, step)
  }
}

async function runAll(steps: typeof LOADING, work: RestoreWork, step: Note): Promise<void> {
  for (const { name, run } of steps) {
    await step({ step: name })
    await run(work)
  }
}

/** What failed, and that nothing came of it. */
function undone({ deployment, state }: RestoreWork, error: unknown): CliError {
  const { code, message, next, exitCode } = asCliError(error)
  return new CliError({
    code,
    message: `${message}\nThe restore was taken back: ${
      state.created
        ? `${deployment.name} is there for it, with its configuration and secrets, at rest and empty.`
        : `${deployment.name} runs on the data from before.`
    }`,
    next: state.created ? `${next} Then run the same command again.` : next,
    exitCode,
    cause: error,
  })
}

/** All that is left to do is opening it. */
function unfinished({ deployment }: RestoreWork, error: unknown): CliError {
  return new CliError({
    code: 'restore_unfinished',
    message: `${asCliError(error).message}\nThe restored data is in its place; ${deployment.name} rests until it is opened.`,
    next: 'See to the cause, then open it with: vetrai up',
    cause: error,
  })
}

/** Both data are there; only the way back did not work at once. */
function stuck({ state }: RestoreWork, error: unknown, second: unknown): CliError {
  return new CliError({
    code: 'restore_unsettled',
    message: `${asCliError(error).message}\nGoing back did not work either: ${asCliError(second).message}`,
    next: `Nothing is lost: see to the cause, then \`vetrai up\` puts the data from before back${state.safety === null ? '' : ` (it is also in the backup ${state.safety})`}.`,
    cause: error,
  })
}

function asCliError(error: unknown): Pick<CliError, 'code' | 'message' | 'next' | 'exitCode'> {
  if (error instanceof CliError) return error
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'restore_failed', message, next: 'See how it stands with: vetrai status', exitCode: 1 }
}
