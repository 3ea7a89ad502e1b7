import { writeRecoveryKit } from '../../deployment/recovery-folder.js'
import { RotatingSecret } from '../../deployment/rotating-secret.js'
import { during } from '../../runtimes/during.js'
import { createBackup } from '../backup/backups.js'
import { type BackupContext, useTool } from '../backup/use-tool.js'
import type { RestoreSource } from './restore-source.js'
import { toolSource } from './restore-source.js'
import { clearRestoreState, type RestoreState, writeRestoreState } from './restore-state.js'

/** What a restore works with. */
export type RestoreContext = BackupContext

/** What opens the archive, beside the key of the deployment itself; never written down. */
export interface RestoreKeys {
  identities: string[]
  passphrase?: string
}

/** The work of one restore. */
export interface RestoreWork extends RestoreContext {
  source: RestoreSource
  keys: RestoreKeys
  /** The master key that the data was sealed under; undefined where it is not known to differ. */
  masterKey: string | undefined
  safety: boolean
  state: RestoreState
}

interface RestoreStep {
  name: string
  run(work: RestoreWork): Promise<void>
}

/** Loads the backup beside the living data, which is served meanwhile. Dying here leaves the deployment as it was. */
export const LOADING: readonly RestoreStep[] = [
  { name: 'load', run: (work) => askTool(work, 'restore-load', { database: work.state.next }) },
]

/** Puts the restored data in the place of the living. Dying here is made good by going on. */
export const SWAPPING: readonly RestoreStep[] = [
  { name: 'hold', run: ({ runtime, deployment, progress }) => runtime.hold(deployment, progress) },
  {
    // While nobody writes: what was accepted is in it to the last row, however long loading took.
    name: 'safety',
    run: async (work) => {
      if (!work.safety) return
      const [target] = work.deployment.config.backup.targets
      const targets = target === undefined ? null : [target.name]
      const { id } = await createBackup(work, { targets, reason: 'before-restore', objects: true })
      await note(work, { safety: id })
    },
  },
  {
    name: 'swap',
    run: async (work) => {
      await offerMasterKey(work)
      await tool(work, 'restore-swap', names(work))
    },
  },
  { name: 'objects', run: (work) => askTool(work, 'restore-objects', {}) },
  // What it holds speaks of the data that gave way; nothing accepted is only there.
  { name: 'cache', run: (work) => tool(work, 'restore-cache', {}) },
  {
    name: 'start',
    run: async ({ runtime, deployment, progress }) => {
      await runtime.up(deployment, progress)
    },
  },
]

/** Opens for requests, which from then on are never taken back, unless it is to rest, and tidies up. */
export const FINISHING: readonly RestoreStep[] = [
  {
    name: 'open',
    run: (work) => tool(work, 'maintenance-end', { stays: work.state.rests === true }),
  },
  {
    name: 'finish',
    run: async (work) => {
      await new RotatingSecret(work.deployment.secrets, 'master-key').end()
      if (!work.state.keep_old) await tool(work, 'restore-drop', { database: work.state.before })
      await writeRecoveryKit(work.deployment)
      await clearRestoreState(work.deployment)
    },
  },
]

/**
 * Takes back a restore whose data is not, or not for good, in the place of the living. Safe to repeat. A deployment that was made
 * for it stays at rest, and for it.
 */
export async function undoRestore(work: RestoreWork): Promise<void> {
  const { deployment, runtime, progress, state } = work
  if (state.phase === 'swapping') await putBack(work)
  else if (state.created) await runtime.hold(deployment, progress)
  // The living data is where it was: at most the whole deployment was stopped meanwhile.
  else await runtime.up(deployment, progress)
  await tool(work, 'restore-drop', { database: state.next })
  if (state.created) return note(work, { phase: 'made' })
  if (state.phase === 'swapping') await runtime.up(deployment, progress)
  await clearRestoreState(deployment)
}

async function putBack(work: RestoreWork): Promise<void> {
  const { deployment, runtime, progress, state } = work
  await runtime.hold(deployment, progress)
  await tool(work, 'restore-swap-back', names(work))
  await new RotatingSecret(deployment.secrets, 'master-key').end()
  if (state.safety !== null) {
    const source: RestoreSource = { kind: 'target', target: null, id: state.safety }
    await askTool({ ...work, source, keys: { identities: [] } }, 'restore-objects', {})
  }
  await tool(work, 'restore-cache', {})
}

/** Changes what is noted of a restore. */
export async function note(work: RestoreWork, change: Partial<RestoreState>): Promise<void> {
  work.state = { ...work.state, ...change }
  await writeRestoreState(work.deployment, work.state)
}

const names = ({ state }: RestoreWork) => ({ next: state.next, before: state.before })

/** The server opens the root key of the restored data with this, and wraps it under the present master key. */
async function offerMasterKey({ deployment, masterKey }: RestoreWork): Promise<void> {
  if (masterKey === undefined || masterKey === (await deployment.secret('master-key'))) return
  await new RotatingSecret(deployment.secrets, 'master-key').keep(masterKey)
}

/** Has the program read the source. */
async function askTool(work: RestoreWork, verb: string, more: Record<string, unknown>): Promise<void> {
  const { request, mounts } = toolSource(work.source)
  await useTool(work, { verb, request: { source: request, ...work.keys, ...more }, mounts })
}

const TITLES: Record<string, string> = {
  'restore-swap': 'Put the restored data in its place',
  'restore-swap-back': 'Put the earlier data back',
  'restore-cache': 'Empty the cache',
  'restore-drop': 'Remove what is no longer needed',
  'maintenance-end': 'Open for requests',
}

async function tool(work: RestoreWork, verb: string, request: Record<string, unknown>): Promise<void> {
  await during(work.progress, TITLES[verb] ?? verb, () =>
    work.runtime.tool(work.deployment, { verb, request }),
  )
}
