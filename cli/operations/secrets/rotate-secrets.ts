import { CliError } from '../../deployment/errors.js'
import { withLifecycleLock } from '../../deployment/lifecycle-lock.js'
import { writeRecoveryKit } from '../../deployment/recovery-folder.js'
import { openApi } from '../open-api.js'
import { chooseSecrets } from './records.js'
import { rotateFiles } from './rotate-files.js'
import { ROTATION } from './rotation-history.js'
import type { FileSecret, RotationContext, ServerKey } from './secret-record.js'
import { type SettledRotations, settle } from './settle-rotations.js'

/** What `secrets rotate` did. */
export interface RotationReport extends SettledRotations {
  /** Secrets with a new value, and what follows from it where something does. */
  rotated: { name: string; detail: string | null }[]
}

/** What to rotate: one secret, or all that this deployment uses and makes itself. */
export interface RotationRequest {
  name?: string | undefined
  /** Nothing that a present key vouches for is to be trusted any more. */
  leaked: boolean
}

/**
 * Settles what an earlier run left half done, then gives the secrets new values. What that already brought to its new value is
 * not rotated once more. The deployment must run.
 */
export async function rotateSecrets(
  context: RotationContext,
  { name, leaked }: RotationRequest,
): Promise<RotationReport> {
  const { deployment } = context
  // A name that means nothing is told before anything is settled.
  const chosen = chooseSecrets(name, deployment.config)
  return withLifecycleLock(deployment, 'secrets rotate', 0, async () => {
    const settled = await settle(context)
    const records = chosen.filter((one) => !settled.finished.includes(one.name))
    if (records.length === 0) return { ...settled, rotated: [] }
    await requireReady(context)
    const files = records.filter((record) => record.kind === 'file')
    if (files.length > 0) await rotateFiles(context, files)
    const rotated = files.map((file: FileSecret) => ({
      name: file.name as string,
      detail: null as string | null,
    }))
    for (const key of records.filter((record) => record.kind === 'server')) {
      rotated.push({ name: key.name, detail: await rotateKey(context, key, leaked) })
    }
    // Those that were retired are of no use in it.
    await writeRecoveryKit(deployment)
    return { ...settled, rotated }
  })
}

async function rotateKey(context: RotationContext, key: ServerKey, leaked: boolean): Promise<string> {
  const { deployment, progress } = context
  const work = async () => key.rotate(await openApi(deployment), progress, leaked)
  return deployment.journal.record(ROTATION, work, { secrets: [key.name] })
}

/** What fails afterwards is then the rotation's doing. */
async function requireReady({ deployment, runtime }: RotationContext): Promise<void> {
  if ((await runtime.status(deployment)).ready) return
  throw new CliError({
    code: 'not_ready',
    message: 'Secrets are rotated while the deployment runs, and it is not ready.',
    next: 'Start it with: vetrai up',
    exitCode: 3,
  })
}
