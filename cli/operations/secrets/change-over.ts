import { silentProgress } from '../../base/progress.js'
import { CliError } from '../../deployment/errors.js'
import { RotatingSecret } from '../../deployment/rotating-secret.js'
import type { FileSecret, RotationContext } from './secret-record.js'

/** Notes a step in the journal. */
export type Step = (detail: Record<string, unknown>) => Promise<void>

/** A secret with its two values, on the way from one to the other. */
export interface ChangingSecret {
  record: FileSecret
  values: RotatingSecret
}

export function changing({ deployment }: RotationContext, record: FileSecret): ChangingSecret {
  return { record, values: new RotatingSecret(deployment.secrets, record.name) }
}

/**
 * Brings the values of the files into use: stores are told first, so that they take both while `up` restarts what reads them.
 * Returns when everything is ready and has been seen to use them; throws at the first that does not. Safe to repeat.
 */
export async function bringIn(
  context: RotationContext,
  secrets: readonly ChangingSecret[],
  step: Step,
): Promise<void> {
  const { deployment, runtime, progress } = context
  await tellStores(context, secrets, 'admit')
  await step({ step: 'admitted' })
  await runtime.up(deployment, progress)
  await step({ step: 'applied' })
  // Again, and mostly for nothing: a store that `up` started may have its old value still.
  await tellStores({ ...context, progress: silentProgress }, secrets, 'admit')
  for (const { record } of secrets) await record.verify?.(context)
  await step({ step: 'verified' })
}

/** Makes the other values worthless and forgets them. Safe to repeat; what is left undone is done by the next run. */
export async function retire(
  context: RotationContext,
  secrets: readonly ChangingSecret[],
  step: Step,
): Promise<void> {
  await tellStores(context, secrets, 'retire')
  for (const { record, values } of secrets) {
    const previous = await values.previous()
    if (previous !== undefined) await record.retire?.(context, previous)
  }
  await step({ step: 'retired' })
  for (const { values } of secrets) await values.end()
}

async function tellStores(
  { deployment, runtime, progress }: RotationContext,
  secrets: readonly ChangingSecret[],
  phase: 'admit' | 'retire',
): Promise<void> {
  for (const { record } of secrets) {
    if (!record.inStore) continue
    if (!runtime.applySecret) throw cannotApply(record.name, runtime.name)
    await runtime.applySecret(deployment, record.name, phase, progress)
  }
}

function cannotApply(name: string, runtime: string): CliError {
  return new CliError({
    code: 'runtime_unavailable',
    message: `The ${runtime} runtime cannot rotate ${name} yet.`,
    next: `Replace it by hand in its store and in secrets/${name}, then: vetrai up`,
    exitCode: 4,
  })
}
