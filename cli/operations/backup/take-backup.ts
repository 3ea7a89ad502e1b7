import type { Deployment } from '../../deployment/deployment.js'
import { writeRecoveryKit } from '../../deployment/recovery-folder.js'
import type { Progress, Runtime } from '../../runtimes/runtime.js'
import { reportSteps } from './report-steps.js'

/** Why a backup is made, and where it goes; all targets where none is named. */
export interface BackupWish {
  reason: 'manual' | 'before-restore' | 'before-upgrade' | 'before-move'
  targets?: string[]
  passphrase?: string
  objects?: boolean
  throttle_mb_s?: number
  jobs?: number
}

/** A backup that is whole. */
export interface BackupTaken {
  id: string
  created_at: string
  targets: string[]
  /** Of the backup's own files as stored, and of what is in them. */
  bytes: number
  plain_bytes: number
  rows: number
  tables: number
  objects: number
  objects_new: number
  objects_new_bytes: number
  duration_s: number
}

/** Makes a backup of a running deployment, its configuration and secrets as they are now included. */
export async function takeBackup(
  { deployment, runtime, progress }: { deployment: Deployment; runtime: Runtime; progress: Progress },
  wish: BackupWish,
): Promise<BackupTaken> {
  await writeRecoveryKit(deployment)
  return deployment.journal.record(
    'backup',
    async (step) => {
      await step({ step: 'create' })
      return (await reportSteps(progress, (onStep) =>
        runtime.tool(deployment, { verb: 'create', request: wish, onStep }),
      )) as BackupTaken
    },
    { reason: wish.reason },
  )
}
