import { withLifecycleLock } from '../../deployment/lifecycle-lock.js'
import { rotatingSecrets } from '../../deployment/rotating-secret.js'
import { bringIn, type ChangingSecret, changing, retire, type Step } from './change-over.js'
import { SECRETS } from './records.js'
import { goBack } from './rotate-files.js'
import { markOf, ROTATION, rotationHistory } from './rotation-history.js'
import type { RotationContext } from './secret-record.js'

/** What became of rotations that an earlier command left half done. */
export interface SettledRotations {
  /** Secrets with their new value in use. */
  finished: string[]
  /** Secrets with the value before in use again. */
  undone: string[]
}

/** Settles what was left half done, if anything was. Waits for somebody who rotates at the moment. */
export async function settleRotations(context: RotationContext, waitMs: number): Promise<SettledRotations> {
  const { secrets } = context.deployment
  if ((await rotatingSecrets(secrets)).length === 0) return { finished: [], undone: [] }
  return withLifecycleLock(context.deployment, 'secrets rotate', waitMs, () => settle(context))
}

/**
 * Brings every secret whose rotation was interrupted to one of its two values: that of its file, or where that does not come
 * into use the other. Starts what was stopped. Call it under the rotation lock.
 */
export async function settle(context: RotationContext): Promise<SettledRotations> {
  const { journal } = context.deployment
  const secrets = await interrupted(context)
  if (secrets.length === 0) return { finished: [], undone: [] }
  const detail = { secrets: secrets.map(({ record }) => record.name), resumed: true }
  return journal.record(
    ROTATION,
    async (step) => {
      await bringEither(context, secrets, step)
      const settled = await outcomeOf(context, secrets)
      await step({ step: 'settled', ...settled })
      return settled
    },
    detail,
  )
}

async function interrupted(context: RotationContext): Promise<ChangingSecret[]> {
  const names: string[] = await rotatingSecrets(context.deployment.secrets)
  const secrets: ChangingSecret[] = []
  for (const record of SECRETS) {
    if (record.kind !== 'file' || !names.includes(record.name)) continue
    const secret = changing(context, record)
    if (await secret.values.mend()) secrets.push(secret)
  }
  return secrets
}

async function bringEither(
  context: RotationContext,
  secrets: readonly ChangingSecret[],
  step: Step,
): Promise<void> {
  const { deployment, runtime, progress } = context
  try {
    if (!(await runtime.status(deployment)).ready) await runtime.up(deployment, progress)
    await bringIn(context, secrets, step)
  } catch {
    await goBack(context, secrets, step)
    return
  }
  await retire(context, secrets, step)
}

/** By what the journal says was wanted: which of two values is the newer, the files do not tell. */
async function outcomeOf(
  { deployment }: RotationContext,
  secrets: readonly ChangingSecret[],
): Promise<SettledRotations> {
  const history = await rotationHistory(deployment.journal)
  const settled: SettledRotations = { finished: [], undone: [] }
  for (const { record, values } of secrets) {
    const isNew = history.get(record.name)?.wanted === markOf(await values.present())
    settled[isNew ? 'finished' : 'undone'].push(record.name)
  }
  return settled
}
