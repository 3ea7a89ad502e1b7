import { readFile } from 'node:fs/promises'
import { atomicWrite } from '../../deployment/atomic-write.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError, isSystemError } from '../../deployment/errors.js'
import type { LockedRelease } from '../../deployment/lock-file.js'
import type { ClusterMove } from '../../runtimes/cluster-move.js'

/**
 * How the database comes to the new version: `in-place` where the version before runs on the new schema; else its data is kept
 * as it was, beside a `copy` in the same cluster, or in the old cluster where all of it is to `move` to another major.
 */
export type UpgradeMode = 'in-place' | 'copy' | 'move'

/** Why an upgrade was put back. */
export interface UpgradeFailure {
  /** The step that failed, or in which the command line was ended. */
  step: string
  code: string
  message: string
}

/** Content of upgrade.json: the upgrade that goes on, or the last one. Kept from step to step, and never holds a secret. */
export interface UpgradeState {
  /** `20261126t003000`, in UTC. */
  id: string
  phase: 'running' | 'going-back' | 'done' | 'rolled-back'
  started_at: string
  ended_at: string | null
  from: LockedRelease
  to: LockedRelease
  mode: UpgradeMode
  /** From which cluster to which, where the mode is `move`. */
  move?: ClusterMove
  /** The step that began last. */
  step: string
  /** What images.server of vetrai.yml is to be once the upgrade is done; undefined leaves it. */
  image?: string
  /** What it was before; null where it was not set. */
  image_before: string | null
  backup: string | null
  databases: { next: string; before: string }
  /** Whether the data of the version before is still there under `databases.before`. */
  before_kept: boolean
  /** Whether that is to stay after a success. */
  keep_old: boolean
  /** Data that an upgrade before this one kept; dropped once this one is done. */
  earlier: string | null
  /** Whether the maintenance that goes on was begun by the upgrade. */
  rests: boolean
  /** Rows that were ever written when the new version was opened to everybody; null where that was not noted. */
  writes: number | null
  /** When the count of them had begun anew; undefined where an earlier command line did not note it. */
  counted_since?: string | null
  failure: UpgradeFailure | null
}

/** What an upgrade is to bring, in words: the version, another major of PostgreSQL, or both. */
export function goalOf({ from, to, move }: UpgradeState): string {
  if (!move) return to.version
  const major = `PostgreSQL ${move.to.major}`
  return from.version === to.version ? major : `${to.version} and ${major}`
}

/** Reads the state of the upgrade that goes on, or of the last one; undefined where there never was one. */
export async function readUpgrade({ paths }: Deployment): Promise<UpgradeState | undefined> {
  const path = paths.upgrade
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    const state = JSON.parse(text) as UpgradeState
    if (typeof state.id === 'string' && /^\d{8}t\d{6}$/.test(state.id) && state.databases) return state
  } catch {
    // Told below, as every other damage.
  }
  throw new CliError({
    code: 'upgrade_invalid',
    message: `${path} is damaged.`,
    next: 'Put it back from a backup of this directory. Where no upgrade was going on (vetrai upgrade history) it may be removed.',
  })
}

/** Keeps the state, so that another process can go on from it after a power cut. */
export async function keepUpgrade({ paths }: Deployment, state: UpgradeState): Promise<void> {
  await atomicWrite(paths.upgrade, `${JSON.stringify(state, null, 2)}\n`, 0o600)
}

/** Whether an upgrade was cut short. */
export function isUnfinished(state: UpgradeState | undefined): state is UpgradeState {
  return state?.phase === 'running' || state?.phase === 'going-back'
}

/** Whether a failure from here on is put back: not any more once everybody may write to the new version. */
export function isPastReturn({ phase, step }: UpgradeState): boolean {
  return phase === 'running' && (step === 'open' || step === 'record')
}
