import { CliError } from '../../deployment/errors.js'
import { generateSecret } from '../../deployment/secrets.js'
import { bringIn, type ChangingSecret, changing, retire, type Step } from './change-over.js'
import { markOf, ROTATION } from './rotation-history.js'
import type { FileSecret, RotationContext } from './secret-record.js'

/**
 * Gives secrets new values, all with one restart of what reads them. Where a step fails before the new values were seen to
 * work, everything goes back to the values before, and the error says so; after that nothing can fail that the next run
 * does not finish. Call it under the rotation lock.
 */
export async function rotateFiles(context: RotationContext, records: readonly FileSecret[]): Promise<void> {
  const { deployment } = context
  const secrets = records.map((record) => changing(context, record))
  const work = async (step: Step) => {
    await before(context, secrets, step, async () => {
      for (const { record, values } of secrets) {
        const next = await generateSecret(record.name, await values.present())
        await step({ step: 'begin', secret: record.name, mark: markOf(next) })
        await values.begin(next)
      }
      await step({ step: 'begun' })
      await bringIn(context, secrets, step)
    })
    await retire(context, secrets, step).catch((error: unknown) => {
      throw unfinished(records, error)
    })
  }
  await deployment.journal.record(ROTATION, work, { secrets: records.map(({ name }) => name) })
}

/** Runs what may still be taken back; where it fails it is, and the error tells both. */
async function before(
  context: RotationContext,
  secrets: readonly ChangingSecret[],
  step: Step,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const begun: ChangingSecret[] = []
    for (const secret of secrets) if (await secret.values.mend()) begun.push(secret)
    await goBack(context, begun, step).catch((second: unknown) => {
      throw stuck(secrets, error, second)
    })
    throw wentBack(secrets, error)
  }
}

/** Exchanges the two values of each secret, and brings in those it had before. */
export async function goBack(
  context: RotationContext,
  secrets: readonly ChangingSecret[],
  step: Step,
): Promise<void> {
  await step({ step: 'going-back' })
  for (const { values } of secrets) await values.exchange()
  await bringIn(context, secrets, step)
  await retire(context, secrets, step)
}

function wentBack(secrets: readonly ChangingSecret[], cause: unknown): CliError {
  return new CliError({
    code: 'rotation_failed',
    message: `${namesOf(secrets)}: ${reasonOf(cause)} The values before are in use again.`,
    next: cause instanceof CliError ? cause.next : 'Correct the cause, then try again.',
    cause,
  })
}

/** Both values are kept, and one of them works. */
function stuck(secrets: readonly ChangingSecret[], first: unknown, second: unknown): CliError {
  return new CliError({
    code: 'rotation_stuck',
    message: `${namesOf(secrets)}: ${reasonOf(first)} Going back failed too: ${reasonOf(second)}`,
    next: 'Both values are kept. Correct the cause (vetrai status, vetrai logs), then: vetrai up',
    cause: first,
  })
}

function unfinished(records: readonly FileSecret[], cause: unknown): CliError {
  return new CliError({
    code: 'rotation_unfinished',
    message: `The new values of ${records.map(({ name }) => name).join(', ')} are in use; the ones before could not be retired: ${reasonOf(cause)}`,
    next: 'Finish it with: vetrai secrets rotate, or vetrai up',
    cause,
  })
}

function namesOf(secrets: readonly ChangingSecret[]): string {
  return secrets.map(({ record }) => record.name).join(', ')
}

function reasonOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error)
  return /[.!?]$/.test(words) ? words : `${words}.`
}
