import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { atomicWrite } from '../../deployment/atomic-write.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError, isSystemError } from '../../deployment/errors.js'
import type { SshDestination } from './ssh-destination.js'

/** What becomes of the deployment here once the other one serves. */
export const AFTER = ['maintenance', 'stop'] as const
export type After = (typeof AFTER)[number]

/** Where a deployment is moved to by ssh. */
export interface MoveTarget extends SshDestination {
  /** Directory there; from the first look on absolute. */
  dir: string
  /** The command line there. */
  vetrai: string
  /** Flags of `vetrai restore` that say what is otherwise there. */
  changes: string[]
}

/** An archive as it was sent. */
export interface SentArchive {
  bytes: number
  sha256: string
}

/** What the other host made of it. */
export interface MovedTo {
  url: string
  dir: string
  rows: number
}

/**
 * How far a move is. Until `opening` is noted the deployment here is the only one that ever accepts anything, and going back is
 * opening it again; from then on the other one may have, and going on is all that is left.
 */
export interface MoveState {
  format: 1
  id: string
  started_at: string
  /** Null for a move by archive. */
  to: MoveTarget | null
  /** The archive of a move by archive. */
  file: string | null
  after: After
  phase: 'preparing' | 'closed' | 'opening' | 'moved'
  /** A maintenance that was on before, which going back leaves on. */
  rest_before: { message: string; retry_after_s: number } | null
  /** Since when nothing is accepted here; what was done since then counts only while that holds. */
  rested_since: string | null
  /** The backup of everything, made in maintenance. */
  backup: string | null
  /** That backup, once it is there whole. */
  sent: SentArchive | null
  /** Folder on the other host that the archive is in. */
  staging: string | null
  /** Whether what is in the directory there, or in the file, may be ours. */
  place_began: boolean
  moved_to: MovedTo | null
}

/** The move that was begun; undefined where there is none. */
export async function readMoveState(deployment: Deployment): Promise<MoveState | undefined> {
  const file = statePath(deployment)
  try {
    const state = JSON.parse(await readFile(file, 'utf8')) as MoveState
    if (state.format === 1 && typeof state.id === 'string') return state
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new CliError({
    code: 'move_state_invalid',
    message: `${file} is damaged, so it cannot be told how far a move is.`,
    next: 'See whether the other host serves. If it does not: remove the file, then `vetrai maintenance off`.',
  })
}

/** Notes how far a move is. */
export async function writeMoveState(deployment: Deployment, state: MoveState): Promise<void> {
  await atomicWrite(statePath(deployment), `${JSON.stringify(state, null, 2)}\n`, 0o600)
}

/** Says that no move is under way. */
export async function clearMoveState(deployment: Deployment): Promise<void> {
  await rm(statePath(deployment), { force: true })
}

function statePath({ dir }: Deployment): string {
  return join(dir, 'move.json')
}
