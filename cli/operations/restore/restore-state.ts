import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { atomicWrite } from '../../deployment/atomic-write.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError, isSystemError } from '../../deployment/errors.js'
import { RESTORE_STATE } from '../../deployment/lifecycle-lock.js'

/**
 * How far a restore is. Until `swapped` is noted the deployment has its own data and going back is dropping the new database;
 * from then on it has the restored data and going on is all that is left. While it says `made` the deployment is there for the
 * restore alone, and empty.
 */
export interface RestoreState {
  format: 1
  /** Id of the backup. */
  backup: string
  /** Where it was found, in words. */
  source: string
  started_at: string
  /** The database that is loaded beside the living one. */
  next: string
  /** What the living one is called once it gave way. */
  before: string
  /** Backup taken of what was there; null where nothing was. */
  safety: string | null
  /** Whether the data from before stays when all is done. */
  keep_old: boolean
  /** Whether the deployment was made for this backup: there is no data from before. */
  created?: boolean
  /** Whether the deployment stays in maintenance when all is done; somebody else opens it. */
  rests: boolean
  phase: 'made' | 'loading' | 'swapping' | 'swapped'
}

/** Whether a deployment is there for a restore alone: nobody was ever served by it. */
export function isMadeOnly(state: RestoreState | undefined): boolean {
  return state?.created === true && state.phase !== 'swapped'
}

/** The state of a restore that was begun and not finished; undefined where there is none. */
export async function readRestoreState(deployment: Deployment): Promise<RestoreState | undefined> {
  const file = statePath(deployment)
  try {
    const state = JSON.parse(await readFile(file, 'utf8')) as RestoreState
    if (state.format === 1 && typeof state.backup === 'string') return state
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new CliError({
    code: 'restore_state_invalid',
    message: `${file} is damaged, so it cannot be told how far a restore is.`,
    next: 'See which databases there are with `vetrai shell db --role superuser`, remove the file, then: vetrai up',
  })
}

/** Notes how far a restore is, before the step that it speaks of. */
export async function writeRestoreState(deployment: Deployment, state: RestoreState): Promise<void> {
  await atomicWrite(statePath(deployment), `${JSON.stringify(state, null, 2)}\n`, 0o600)
}

/** Says that no restore is under way. */
export async function clearRestoreState(deployment: Deployment): Promise<void> {
  await rm(statePath(deployment), { force: true })
}

function statePath({ dir }: Deployment): string {
  return join(dir, RESTORE_STATE)
}
