import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { isSuperusers } from '../runtimes/database-roles.js'
import type { AcceptedSecret, Progress, Runtime } from '../runtimes/runtime.js'

/** What was found, and what holds now. */
export interface RepairResult {
  /** False when every password was accepted already and nothing was touched. */
  changed: boolean
  secrets: { secret: string; was_accepted: boolean; accepted: boolean }[]
}

/**
 * Has the database accept what the secrets say. Nothing is touched where it does already. CliError `secrets_not_repaired`
 * when a password is refused still, `repair_unavailable` where the runtime cannot do it.
 */
export async function repairSecrets(
  deployment: Deployment,
  runtime: Runtime,
  progress: Progress,
): Promise<RepairResult> {
  if (!runtime.acceptedSecrets || !runtime.repairSecrets) throw unavailable(runtime)
  const before = await runtime.acceptedSecrets(deployment)
  // Nothing but the superuser's own password can set the others.
  requireAccepted(before.filter(({ secret }) => isSuperusers(secret)))
  const changed = before.some(({ accepted }) => !accepted)
  if (changed) await runtime.repairSecrets(deployment, progress)
  const after = changed ? await runtime.acceptedSecrets(deployment) : before
  requireAccepted(after)
  return {
    changed,
    secrets: before.map(({ secret, accepted }) => ({ secret, was_accepted: accepted, accepted: true })),
  }
}

function unavailable({ name }: Runtime): CliError {
  return new CliError({
    code: 'repair_unavailable',
    message: `The ${name} runtime cannot set the roles of its database.`,
    next: 'Set the passwords in the database to what the files in secrets/ say.',
    exitCode: 4,
  })
}

function requireAccepted(tried: readonly AcceptedSecret[]): void {
  const refused = tried.filter(({ accepted }) => !accepted).map(({ secret }) => secret)
  if (refused.length === 0) return
  throw new CliError({
    code: 'secrets_not_repaired',
    message: `The database refuses ${refused.join(', ')}.`,
    next: 'Put these files back from a backup of the secrets folder.',
  })
}
