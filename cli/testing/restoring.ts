import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { silentProgress } from '../base/progress.js'
import type { Changes } from '../operations/restore/deployment-from-kit.js'
import { planRestore, type RestoreResult } from '../operations/restore/restore.js'
import type { RestoreSource } from '../operations/restore/restore-source.js'
import type { KilledRestore } from './killed-restore.js'

const PROGRAM = fileURLToPath(new URL('./killed-restore.js', import.meta.url))
const USUAL = { safety: true, keepOld: false, rests: false, progress: silentProgress }

/** Restores a backup onto the deployment that it was made of, as the command does. */
export async function restoreOnto(
  dir: string,
  { source, progress = silentProgress }: { source: RestoreSource; progress?: typeof silentProgress },
): Promise<RestoreResult> {
  return (await planRestore({ ...USUAL, dir, source, keys: {}, changes: {}, progress })).run()
}

/** Where there is a backup for a directory without a deployment. */
export interface RestoreFrom {
  /** Folder of a target. */
  folder: string
  /** Recovery key that opens it. */
  identity: string
  backup?: string
  changes?: Changes
  progress?: typeof silentProgress
}

/** Looks at what a restore would do in a directory where there is no deployment, or one that such a restore made. */
export function planInto(
  dir: string,
  { folder, identity, backup: id = 'latest', changes = {}, progress = silentProgress }: RestoreFrom,
) {
  const source = { kind: 'folder', folder, id } as const
  return planRestore({ ...USUAL, dir, source, keys: { identities: [identity] }, changes, progress })
}

/** Restores a backup into such a directory, as the command does. */
export async function restoreInto(dir: string, from: RestoreFrom): Promise<RestoreResult> {
  return (await planInto(dir, from)).run()
}

/** Has a process of its own do something to a deployment, in the midst of which it is killed. */
export async function killed(how: KilledRestore): Promise<void> {
  const argument = JSON.stringify(how)
  const child = spawn(process.execPath, [PROGRAM, argument], { stdio: ['ignore', 'inherit', 'inherit'] })
  const [, signal] = await once(child, 'exit')
  expect(signal, argument).to.equal('SIGKILL')
}
